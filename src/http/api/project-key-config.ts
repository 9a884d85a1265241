import { projectKeyToShow, type ListedProjectKey } from '../../ledger/lists/project-keys.ts';
import { effectiveConfig } from '../../policy/effective.ts';
import { canonical } from '../../reservation/canonical.ts';
import { Fault } from '../../reservation/fault.ts';
import { projectNamed, type KeyRules } from '../../reservation/project.ts';
import { ProjectKeyPath } from './project-key-words.ts';
import type { ProjectKeyDeps } from './project-keys.ts';
import { EffectiveConfig } from './project-views.ts';
import { route, type ApiRoute } from './route.ts';

export function projectKeyConfigApi({ ledger, policy }: Pick<ProjectKeyDeps, 'ledger' | 'policy'>): ApiRoute[] {
  return [
    route({
      id: 'getProjectKeyConfig',
      method: 'get',
      path: '/projects/{project}/keys/{id}/config',
      permission: 'read',
      summary: 'What holds for a key, and whether it said so itself, its project, or the whole house',
      params: ProjectKeyPath,
      responses: { 200: EffectiveConfig },
      handle: async ({ params }) => {
        const project = projectNamed(policy(), params.project);
        const key = await projectKeyToShow(ledger.db, params);
        if (!key) throw new Fault('not_found', `there is no key ${params.id} in project ${params.project}`);
        const settings = effectiveConfig({ project, key: ownOf(key, project.keys) });
        return { status: 200, body: { settings, shared: project.limits } };
      },
    }),
  ];
}

/** What a key has otherwise than its project says now: it said so itself, or was made when the project said so. */
function ownOf({ rights, rotation, tokenType, prefix }: ListedProjectKey, rules: KeyRules): Partial<KeyRules> {
  const { quota, rateLimit, limits, allowedIps, deniedIps, hours } = rights;
  const has = { prefix, tokenType, quota, rateLimit, limits, allowedIps, deniedIps, hours, rotation: rotation ?? undefined };
  return Object.fromEntries(
    Object.entries(has).filter(
      ([setting, value]) => value !== undefined && canonical(value) !== canonical(rules[setting as keyof KeyRules]),
    ),
  );
}
