import type { Plan } from '../reservation/plan.ts';
import { expandScopes, isScopeWildcard, isThreePart, scopeCovers } from '../reservation/scopes.ts';
import type { Names } from './check.ts';
import type { Path, Report } from './problems.ts';
import { suggest } from '../reservation/suggest.ts';

/** The scopes that a plan names, and that what it gives is among what it allows. */
export function checkScopes(plan: Plan, path: Path, names: Names, report: Report): void {
  const known = names.scopesOf(plan.project);
  const { allowed } = plan.scopes;
  for (const list of ['default', 'allowed'] as const)
    for (const [index, scope] of plan.scopes[list].entries())
      checkName(scope, { path: [...path, 'scopes', list, index], project: plan.project, known }, report);
  if (allowed.length === 0)
    report({
      path: [...path, 'scopes'],
      message: 'allows no scope: it names none, and none of AVAILABLE_SCOPES is described under scopes',
      fix: 'write scopes: { allowed: [...] }, or set AVAILABLE_SCOPES',
    });
  else if (plan.scopes.default.length === 0)
    report({
      path: [...path, 'scopes'],
      message: 'gives no scope to a booking that asks for none: it allows wildcards only',
      fix: 'write default: [...] with the scopes it gives',
    });
  for (const [index, scope] of plan.scopes.default.entries()) {
    const exists = known.includes(scope) || isThreePart(scope) || isScopeWildcard(scope);
    if (exists && !allowed.some((one) => one === scope || scopeCovers(one, scope)))
      report({
        path: [...path, 'scopes', 'default', index],
        message: `gives "${scope}", which the plan does not allow`,
        fix: `add it to allowed, or give one of ${allowed.join(', ')}`,
      });
  }
}

interface Place {
  readonly path: Path;
  readonly project: string;
  readonly known: readonly string[];
}

/** What the file does not describe may be in the catalogue of the project, where names have three parts. */
function checkName(scope: string, { path, project, known }: Place, report: Report): void {
  if (known.includes(scope)) return;
  if (isScopeWildcard(scope)) {
    if (scope === '*' || expandScopes([scope], known).length > 0) return;
    return report({ path, ...perhapsStored(`names scopes that this file does not describe: "${scope}"`, project) });
  }
  if (isThreePart(scope))
    return report({ path, ...perhapsStored(`names a scope that this file does not describe: "${scope}"`, project) });
  if (scope.includes('*'))
    return report({
      path,
      message: `names no scope: "${scope}" has a * that is no wildcard`,
      fix: 'write * as the whole last part, such as akm:projects:* or akm:*',
    });
  report({ path, message: `names no scope: "${scope}"`, fix: suggest(scope, known) });
}

function perhapsStored(message: string, project: string) {
  const fix = `describe it under scopes, or make it in the catalogue of project ${project}`;
  return { message, fix, severity: 'warning' as const };
}
