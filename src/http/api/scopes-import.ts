import { z } from 'zod';
import { readScopes, type Mistake } from '../../scopes/import.ts';
import type { ApiDeps } from './deps.ts';
import { route, type ApiRoute } from './route.ts';
import { ChangesView, exportOf, InProject, ScopesExported, viewOfChanges } from './scope-views.ts';
import { projectNamed } from '../../reservation/project.ts';

const MOST_TOLD = 200;

const Refused = z
  .object({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.literal(422),
    detail: z.string(),
    code: z.literal('invalid'),
    mistakes: z.array(z.object({ at: z.string(), message: z.string() })).readonly(),
  })
  .meta({
    id: 'ScopesRefused',
    description: `Every mistake and its place, the first ${MOST_TOLD} of them; nothing was changed.`,
  });

/** Many scopes at once, in and out. */
export function scopesImportApi({ policy, scopes }: Pick<ApiDeps, 'policy' | 'scopes'>): ApiRoute[] {
  return [
    route({
      id: 'importScopes',
      method: 'post',
      path: '/projects/{project}/scopes/import',
      permission: 'config',
      summary: 'Describe many scopes at once',
      description: 'All or nothing. Scopes that are not named stay as they are.',
      params: InProject,
      body: z.strictObject({
        scopes: z.union([z.array(z.unknown()), z.record(z.string(), z.unknown())]).meta({
          description: 'Scopes, each with its name, or a map of them by name; as an export has them.',
        }),
        dryRun: z.boolean().default(false).meta({ description: 'Only tell what would change.' }),
      }),
      largestBody: 2_000_000,
      responses: { 200: ChangesView, 422: Refused },
      faults: ['conflict'],
      handle: async ({ params: { project }, body: { scopes: given, dryRun } }, caller) => {
        projectNamed(policy(), project);
        const read = readScopes(given);
        if ('mistakes' in read) return { status: 422, body: refusal(read.mistakes) };
        const applying = { wanted: read.entries, origin: 'import', actor: caller.name } as const;
        const changes = dryRun ? await scopes.preview(project, applying) : await scopes.apply(project, applying);
        return { status: 200, body: viewOfChanges(changes, { dryRun }) };
      },
    }),
    route({
      id: 'exportScopes',
      method: 'get',
      path: '/projects/{project}/scopes/export',
      permission: 'read',
      summary: 'All scopes that were described by this API, as an import takes them',
      params: InProject,
      responses: { 200: ScopesExported },
      handle: async ({ params: { project } }) => {
        projectNamed(policy(), project);
        return { status: 200, body: { scopes: scopes.described(project).map(exportOf) } };
      },
    }),
  ];
}

function refusal(mistakes: readonly Mistake[]): z.output<typeof Refused> {
  return {
    type: 'about:blank',
    title: 'Unprocessable Content',
    status: 422,
    detail: `Nothing was changed: ${mistakes.length === 1 ? 'there is a mistake' : `there are ${mistakes.length} mistakes`} in the scopes.`,
    code: 'invalid',
    mistakes: mistakes.slice(0, MOST_TOLD),
  };
}
