import { formatRate, rateWithin } from '../reservation/limits.ts';
import { globMatches, patternCovers } from '../reservation/patterns.ts';
import type { Plan } from '../reservation/plan.ts';
import type { Source } from '../reservation/source.ts';
import { configuredChannels, type PlanContext } from './build.ts';
import { checkHidden } from './check-limits.ts';
import { checkScopes } from './check-scopes.ts';
import { checkOwner, type Names } from './check.ts';
import type { Path, Report } from './problems.ts';
import { suggest } from '../reservation/suggest.ts';

export interface Known {
  readonly names: Names;
  /** Those that can be read. */
  readonly sources: readonly Source[];
}

export function checkPlan(plan: Plan, path: Path, { names, sources }: Known, report: Report): void {
  checkProvider(plan, path, names, report);
  checkOwner(plan.project, path, names, report);
  checkSources(plan, path, { names, sources }, report);
  checkScopes(plan, path, names, report);
  for (const [index, endpoint] of plan.endpoints.default.entries())
    if (!plan.endpoints.allowed.some((allowed) => patternCovers(allowed, endpoint)))
      report({
        path: [...path, 'endpoints', 'default', index],
        message: `gives ${endpoint}, which is not within what the plan allows`,
        fix: `add it to allowed, or give a path within ${plan.endpoints.allowed.join(', ')}`,
      });
  checkCeilings(plan, path, report);
  checkHidden(plan.furtherLimits ?? [], [...path, 'limits'], report, plan.rateLimit ? [plan.rateLimit.max] : []);
}

function checkProvider(plan: Plan, path: Path, names: Names, report: Report): void {
  if (!names.providers.includes(plan.provider))
    report({
      path: [...path, 'provider'],
      message: `names no provider: "${plan.provider}"`,
      fix: suggest(plan.provider, names.providers),
    });
}

/** Whose bookings the plan is for: of its own project's sources, and no others. */
function checkSources({ match, project, name }: Plan, path: Path, { names, sources }: Known, report: Report): void {
  const { source } = match;
  const matched = names.sources.filter((known) => globMatches(source ?? '*', known));
  // One that cannot be read may be of any project.
  const others = new Set(sources.flatMap((one) => (one.project === project ? [] : [one.name])));
  if (matched.some((known) => !others.has(known)) || !names.projects.includes(project)) return;
  if (source === undefined)
    return report({
      path: [...path, 'project'],
      message: `is "${project}", which no source belongs to: "${name}" matches no booking`,
      fix: `write project: ${project} at a source`,
      severity: 'warning',
    });
  const [other] = matched.flatMap((known) => sources.filter((one) => one.name === known));
  report({
    path: [...path, 'match', 'source'],
    message: other ? `names "${source}", which is of project "${other.project}"` : `matches no source: "${source}"`,
    fix: other
      ? `write project: ${other.project} at this plan, or name a source of "${project}"`
      : suggest(source, names.sources),
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

/** Channels that nothing is configured for, and a code that has no second way to travel. */
export function checkHandover(plan: Plan, path: Path, context: PlanContext, report: Report): void {
  const able = configuredChannels(plan, context);
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
