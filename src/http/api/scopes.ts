import { z } from 'zod';
import { pageBy, type Order } from '../../ledger/listing.ts';
import { Fault } from '../../reservation/fault.ts';
import { projectNamed } from '../../reservation/project.ts';
import { isScopePattern, LONGEST_SCOPE, scopeCovers } from '../../reservation/scopes.ts';
import { MOST_ENDPOINTS, ScopeBody, wrongWith } from '../../scopes/entry.ts';
import type { ApiDeps } from './deps.ts';
import { route, type ApiRoute } from './route.ts';
import { InProject, ScopeView, viewsOf } from './scope-views.ts';
import { Empty, listOf, paging, Text } from './words.ts';

const OneScope = InProject.extend({ name: Text.meta({ description: 'Of the scope.', examples: ['shop:pets:read'] }) });

const BY_NAME: Order<z.output<typeof ScopeView>, string> = {
  list: 'scopes',
  place: z.string().min(1).max(LONGEST_SCOPE),
  placeOf: ({ name }) => name,
};

/** The scopes of a project, one by one. */
export function scopesApi({
  policy,
  scopes,
  configuredScopes,
}: Pick<ApiDeps, 'policy' | 'scopes' | 'configuredScopes'>): ApiRoute[] {
  const viewsIn = (project: string) => {
    projectNamed(policy(), project);
    return viewsOf(configuredScopes(project), scopes.described(project));
  };
  const found = (project: string, name: string) => {
    const view = viewsIn(project).find((each) => each.name === name);
    if (!view) throw new Fault('not_found', `project ${project} has no scope ${name}`);
    return view;
  };
  return [
    route({
      id: 'listScopes',
      method: 'get',
      path: '/projects/{project}/scopes',
      permission: 'read',
      summary: 'Scopes of a project, by name',
      description: GRAMMAR,
      params: InProject,
      query: z.strictObject({
        ...paging,
        covers: Text.refine(isScopePattern, 'must be a scope or a wildcard, such as shop:pets:*')
          .optional()
          .meta({ description: 'Only those that this name or wildcard covers.' }),
      }),
      responses: { 200: listOf(ScopeView) },
      handle: async ({ params: { project }, query: { covers, ...page } }) => {
        const read = async (after: string | undefined, limit: number) =>
          viewsIn(project)
            .filter(({ name }) => (after === undefined || name > after) && (covers === undefined || scopeCovers(covers, name)))
            .slice(0, limit);
        return { status: 200, body: await pageBy(BY_NAME, page, read) };
      },
    }),
    route({
      id: 'getScope',
      method: 'get',
      path: '/projects/{project}/scopes/{name}',
      permission: 'read',
      summary: 'One scope',
      params: OneScope,
      responses: { 200: ScopeView },
      handle: async ({ params: { project, name } }) => ({ status: 200, body: found(project, name) }),
    }),
    route({
      id: 'putScope',
      method: 'put',
      path: '/projects/{project}/scopes/{name}',
      permission: 'config',
      summary: 'Describe a scope',
      description: `In force at once, on every node. Keys that exist keep what they were granted. At most ${MOST_ENDPOINTS} endpoints.`,
      params: OneScope,
      body: ScopeBody,
      responses: { 200: ScopeView },
      faults: ['conflict'],
      handle: async ({ params: { project, name }, body }, caller) => {
        projectNamed(policy(), project);
        const entry = { name, ...body };
        if (!isScopePattern(name)) throw new Fault('invalid', `name: ${GRAMMAR}`, { at: 'name' });
        const wrong = wrongWith(entry);
        if (wrong !== undefined) throw new Fault('invalid', wrong, { at: 'methods' });
        await scopes.apply(project, { wanted: [entry], origin: 'api', actor: caller.name });
        return { status: 200, body: found(project, name) };
      },
    }),
    route({
      id: 'deleteScope',
      method: 'delete',
      path: '/projects/{project}/scopes/{name}',
      permission: 'config',
      summary: 'Take a scope out of the catalogue',
      description:
        'Nobody is granted it any more. Keys that exist keep what they were granted: revoke or change them where they should not.',
      params: OneScope,
      responses: { 204: Empty },
      faults: ['conflict'],
      handle: async ({ params: { project, name } }, caller) => {
        projectNamed(policy(), project);
        if (Object.hasOwn(configuredScopes(project), name))
          throw new Fault('conflict', `the configuration describes ${name}: take it out there`, { at: 'name' });
        await scopes.remove(project, name, caller.name);
        return { status: 204, body: undefined };
      },
    }),
  ];
}

const GRAMMAR =
  'A name is letters, digits and . _ : -, such as read or shop:pets:read; a wildcard is * or ends in a whole part *, such as shop:pets:* or shop:*.';
