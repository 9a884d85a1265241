import { sees } from '../../access/reach.ts';
import { secretUsesOf } from '../../ledger/source-secrets.ts';
import type { ApiDeps } from './deps.ts';
import { route, type ApiRoute } from './route.ts';
import { BySource, sourceSeen } from './source-lab.ts';
import { SourceView, viewOfSource } from './source-views.ts';
import { listOf } from './words.ts';

/** What is configured of the systems that post events, with which of their secrets are used; without anything secret. */
export function sourcesApi({ policy, ledger, polling }: Pick<ApiDeps, 'policy' | 'ledger' | 'polling'>): ApiRoute[] {
  const knownOf = async (names: readonly string[]) => ({
    uses: await secretUsesOf(ledger.db, names),
    polls: await polling.states(names),
  });
  return [
    route({
      id: 'listSources',
      method: 'get',
      path: '/sources',
      permission: 'read',
      reach: 'own',
      summary: 'Sources, without their secrets',
      responses: { 200: listOf(SourceView) },
      handle: async (_input, caller) => {
        const seen = Object.values(policy().sources).filter(({ project }) => sees(caller, project));
        const known = await knownOf(seen.map(({ name }) => name));
        return { status: 200, body: { items: seen.map((source) => viewOfSource(source, known)), next: null } };
      },
    }),
    route({
      id: 'getSource',
      method: 'get',
      path: '/sources/{name}',
      permission: 'read',
      reach: 'own',
      summary: 'A source: how it signs, and which of its secrets was last used',
      params: BySource,
      responses: { 200: SourceView },
      faults: ['not_found'],
      handle: async ({ params: { name } }, caller) => {
        const source = sourceSeen(policy(), name, caller);
        return { status: 200, body: viewOfSource(source, await knownOf([name])) };
      },
    }),
  ];
}
