import { formatRate, rateWithin } from '../reservation/limits.ts';
import { globMatches, patternCovers } from '../reservation/patterns.ts';
import type { Plan } from '../reservation/plan.ts';
import type { KnownPreset } from '../policy.ts';
import type { Source } from '../reservation/policy.ts';
import { configuredChannels, type PlanContext } from './build.ts';
import { suggest, type Path, type Report } from './problems.ts';

/** What the file has named, also where the entry itself is wrong: so one mistake is told once. */
export interface Names {
  readonly sources: readonly string[];
  readonly providers: readonly string[];
  readonly scopes: readonly string[];
}

/** A source must sign: without a secret anybody could book keys. */
export function checkSource(source: Source, insecure: boolean, report: Report): void {
  if (source.secrets.length > 0) return;
  report({
    path: ['sources', source.name],
    message: 'has no secret: anybody could send it bookings',
    fix:
      source.name === 'default'
        ? 'set WEBHOOK_SECRET, or LATCHKEY_INSECURE=1 to try things out'
        : 'give secrets: ["${NAME}"] and set that variable, or LATCHKEY_INSECURE=1 to try things out',
    severity: insecure ? 'warning' : 'error',
  });
}

/** A secret that cannot verify would refuse every event, and nobody would know why. */
export function checkSecrets(source: Source, form: KnownPreset['secretForm'], report: Report): void {
  if (!form) return;
  for (const [index, { secret }] of source.secrets.entries()) {
    if (form.fits(secret)) continue;
    report({
      path: ['sources', source.name, 'secrets', index],
      message: 'is no secret for this preset',
      fix: `give ${form.words}`,
    });
  }
}

/** Sources are many, so one that can sign no more does not stop the others. */
export function checkEnds({ name, secrets }: Source, now: Date, report: Report): void {
  if (secrets.length === 0 || secrets.some(({ notAfter }) => !notAfter || notAfter > now)) return;
  report({
    path: ['sources', name, 'secrets'],
    message: 'have all ended: every event of this source is refused',
    fix: 'add the secret that it signs with now, or give a later notAfter',
    severity: 'warning',
  });
}

export function checkPlan(plan: Plan, path: Path, names: Names, report: Report): void {
  checkReferences(plan, path, names, report);
  if (plan.scopes.allowed.length === 0)
    report({
      path: [...path, 'scopes'],
      message: 'allows no scope: it names none, and none of AVAILABLE_SCOPES is described under scopes',
      fix: 'write scopes: { allowed: [...] }, or set AVAILABLE_SCOPES',
    });
  for (const [index, scope] of plan.scopes.default.entries())
    if (!plan.scopes.allowed.includes(scope) && names.scopes.includes(scope))
      report({
        path: [...path, 'scopes', 'default', index],
        message: `gives "${scope}", which the plan does not allow`,
        fix: `add it to allowed, or give one of ${plan.scopes.allowed.join(', ')}`,
      });
  for (const [index, endpoint] of plan.endpoints.default.entries())
    if (!plan.endpoints.allowed.some((allowed) => patternCovers(allowed, endpoint)))
      report({
        path: [...path, 'endpoints', 'default', index],
        message: `gives ${endpoint}, which is not within what the plan allows`,
        fix: `add it to allowed, or give a path within ${plan.endpoints.allowed.join(', ')}`,
      });
  checkCeilings(plan, path, report);
}

function checkReferences(plan: Plan, path: Path, names: Names, report: Report): void {
  if (!names.providers.includes(plan.provider))
    report({
      path: [...path, 'provider'],
      message: `names no provider: "${plan.provider}"`,
      fix: suggest(plan.provider, names.providers),
    });
  const { source } = plan.match;
  if (source !== undefined && !names.sources.some((name) => globMatches(source, name)))
    report({
      path: [...path, 'match', 'source'],
      message: `matches no source: "${source}"`,
      fix: suggest(source, names.sources),
    });
  for (const list of ['default', 'allowed'] as const)
    for (const [index, scope] of plan.scopes[list].entries())
      if (!names.scopes.includes(scope))
        report({
          path: [...path, 'scopes', list, index],
          message: `names no scope: "${scope}"`,
          fix: suggest(scope, names.scopes),
        });
}

function checkCeilings(plan: Plan, path: Path, report: Report): void {
  const { quota, rateLimit, rotation, window } = plan;
  const above = (section: string, message: string) =>
    report({ path: [...path, section, 'default'], message, fix: 'lower the default or raise max' });
  if (quota && quota.default > quota.max) above('quota', `is ${quota.default}, more than max (${quota.max})`);
  if (rateLimit && !rateWithin(rateLimit.default, rateLimit.max))
    above('rateLimit', `is ${formatRate(rateLimit.default)}, more than max (${formatRate(rateLimit.max)})`);
  if (window.longestMs === 0)
    report({
      path: [...path, 'window', 'longest'],
      message: 'is nothing: every booking would be refused',
      fix: 'write a length such as 8h',
    });
  if (rotation && rotation.overlapMs >= rotation.everyMs)
    report({
      path: [...path, 'rotation', 'overlap'],
      message: 'is as long as the time between rotations',
      fix: 'write less than every',
    });
}

/** A later plan of the same name, and one that an earlier plan leaves nothing to. */
export function checkOrder(plans: readonly (Plan | undefined)[], report: Report): void {
  for (const [index, plan] of plans.entries()) {
    if (!plan) continue;
    const earlier = plans.slice(0, index).filter((other) => other !== undefined);
    if (earlier.some((other) => other.name === plan.name))
      report({
        path: ['plans', index, 'name'],
        message: `is taken: "${plan.name}" is an earlier plan`,
        fix: 'give each plan its own name',
      });
    const greedy = earlier.find((other) => takesAllOf(other, plan));
    if (greedy)
      report({
        path: ['plans', index],
        message: `can never match: plan "${greedy.name}" before it takes everything it matches`,
        fix: `move it before "${greedy.name}"`,
        severity: 'warning',
      });
  }
}

/** Channels that nothing is configured for, and a code that has no second way to travel. */
export function checkHandover(plan: Plan, path: Path, context: PlanContext, report: Report): void {
  const able = configuredChannels(plan.match.source, context);
  for (const [index, channel] of plan.handover.by.entries())
    if (!able.includes(channel))
      report({
        path: [...path, 'handover', 'by', index],
        message: `is "${channel}", which is not configured for the sources of this plan`,
        fix: { callback: "set the source's callback.notifications", email: 'set SMTP_URL', webhook: "set the source's webhook" }[
          channel
        ],
        severity: 'warning',
      });
  if (plan.handover.confirm === 'code' && plan.handover.by.length < 2)
    report({
      path: [...path, 'handover', 'confirm'],
      message: 'is code, which needs two channels: one for the link and one for the code',
      fix: 'name two channels under by, or confirm by email',
    });
}

function takesAllOf(earlier: Plan, later: Plan): boolean {
  return (['source', 'resource', 'resourceType'] as const).every((part) => {
    const glob = earlier.match[part];
    return glob === undefined || glob === '*' || glob === later.match[part];
  });
}
