import { z } from 'zod';
import { Fault } from '../../reservation/fault.ts';
import { scopesFromOpenApiApart } from '../../scopes/openapi-apart.ts';
import { LARGEST_JSON } from '../../scopes/openapi-document.ts';
import { FromOpenApi, type Generated } from '../../scopes/openapi.ts';
import type { ApiDeps } from './deps.ts';
import { route, type ApiRoute } from './route.ts';
import { ChangesView, InProject, viewOfChanges } from './scope-views.ts';
import { projectNamed } from '../../reservation/project.ts';

const MOST_TOLD = 200;

const FromDocument = FromOpenApi.extend({
  document: z
    .union([z.string().min(1), z.record(z.string(), z.unknown())])
    .meta({ description: 'OpenAPI 3.0 or 3.1 or Swagger 2.0: an object, or a text in JSON or YAML. It is never fetched.' }),
  dryRun: z.boolean().default(false).meta({ description: 'Only tell what would be made.' }),
  allowWider: z.boolean().default(false).meta({
    description:
      'Make scopes that open more operations than they are named for. Without it nothing is made where there are such.',
  }),
  prune: z
    .boolean()
    .default(false)
    .meta({ description: 'Take out scopes of the same namespace that came of a document and are not in this one.' }),
});

export const Told = z
  .object({
    ...ChangesView.shape,
    namespace: z.string(),
    leftOut: z.array(z.object({ operation: z.string(), why: z.string() })).readonly(),
    collisions: z
      .array(z.object({ name: z.string(), from: z.array(z.string()).readonly() }))
      .readonly()
      .meta({ description: 'Different words of the document that make the same scope.' }),
    wider: z
      .array(z.object({ name: z.string(), opens: z.array(z.string()).readonly() }))
      .readonly()
      .meta({ description: 'Operations that a scope opens besides those that it is named for.' }),
  })
  .meta({ id: 'ScopesOfDocument', description: `The first ${MOST_TOLD} of each.` });

/** Scopes of an OpenAPI document: first looked at, then made. */
export function scopesOpenApiApi({ policy, scopes }: Pick<ApiDeps, 'policy' | 'scopes'>): ApiRoute[] {
  return [
    route({
      id: 'scopesFromOpenApi',
      method: 'post',
      path: '/projects/{project}/scopes/from-openapi',
      permission: 'config',
      summary: 'Make scopes of an OpenAPI document',
      description: 'All or nothing, and the same document twice changes nothing the second time. Ask with dryRun first.',
      params: InProject,
      body: FromDocument,
      largestBody: 2 * LARGEST_JSON,
      responses: { 200: Told },
      faults: ['conflict'],
      handle: async ({ params: { project }, body }, caller) => {
        projectNamed(policy(), project);
        const { document, dryRun, allowWider, prune, ...how } = body;
        const made = await scopesFromOpenApiApart(document, how);
        if (!dryRun) refuseDoubtful(made, { ...how, allowWider });
        const ours = (name: string, origin: string) => origin === 'openapi' && name.startsWith(`${made.namespace}:`);
        const applying = {
          wanted: made.scopes,
          origin: 'openapi',
          actor: caller.name,
          ...(prune && { isOurs: ({ name }: { name: string }, origin: string) => ours(name, origin) }),
        } as const;
        const changes = dryRun ? await scopes.preview(project, applying) : await scopes.apply(project, applying);
        return { status: 200, body: { ...viewOfChanges(changes, { dryRun }), ...told(made) } };
      },
    }),
  ];
}

/** What somebody should have looked at first. */
function refuseDoubtful(
  { leftOut, wider }: Generated,
  { ignoreUnknownResources, allowWider }: { ignoreUnknownResources: boolean; allowWider: boolean },
): void {
  const [left] = leftOut;
  if (left && !ignoreUnknownResources)
    throw new Fault(
      'conflict',
      `${leftOut.length} operations get no scope, as ${left.operation}: ${left.why}. Look at them with dryRun, then say ignoreUnknownResources.`,
      { at: 'ignoreUnknownResources' },
    );
  const [wide] = wider;
  if (wide && !allowWider)
    throw new Fault(
      'conflict',
      `${wider.length} scopes open more than they are named for, as ${wide.name}: ${wide.opens[0]}. Look at them with dryRun, then say allowWider.`,
      { at: 'allowWider' },
    );
}

function told({ namespace, leftOut, collisions, wider }: Generated) {
  return {
    namespace,
    leftOut: leftOut.slice(0, MOST_TOLD),
    collisions: collisions.slice(0, MOST_TOLD),
    wider: wider.slice(0, MOST_TOLD).map(({ name, opens }) => ({ name, opens: opens.slice(0, MOST_TOLD) })),
  };
}
