import type { Plan, Scope } from '../reservation/plan.ts';
import type { Policy } from '../reservation/policy.ts';
import type { PolicyInput } from '../policy.ts';
import { lookUp } from '../settings/lookup.ts';
import { buildPlan, buildTokens, type PlanContext } from './build.ts';
import { checkOrder } from './check-order.ts';
import { checkHandover, checkPlan } from './check-plan.ts';
import type { Names } from './check.ts';
import { DEFAULT_PROJECT, type Project } from '../reservation/project.ts';
import { defaultPlans, defaultProviders, defaultScopes, defaultSources } from './defaults.ts';
import { eachOf, parse, readProject, readProvider, type Reading } from './entries.ts';
import { readSource } from './sources.ts';
import type { Report } from './problems.ts';
import { createRosters } from './roster.ts';
import { plainProject } from './projects.ts';
import { PlanEntry, Sections, TokensEntry } from './schema.ts';
import { ScopeEntry } from './scope-schema.ts';

/** A policy as far as it is right. Plans stand at their places in the file. */
export interface ReadablePolicy extends Omit<Policy, 'plans'> {
  readonly plans: readonly (Plan | undefined)[];
}

/** The value of a configuration file as a policy, as far as it is right; the rest is reported. */
export function readPolicy(value: unknown, input: PolicyInput, report: Report): ReadablePolicy {
  const { settings } = input;
  const reading: Reading = { input, report };
  const written = parse(Sections, value, [], report) ?? {};
  const raw = {
    sources: written.sources ?? defaultSources(settings),
    providers: written.providers ?? defaultProviders(settings, report),
    scopes: written.scopes ?? defaultScopes(settings),
  };
  const scopes = eachOf(raw.scopes, (name, entry): Scope | undefined => parse(ScopeEntry, entry, ['scopes', name], report));
  const plain = plainProject(settings, scopes);
  const projects: Record<string, Project> = {
    [DEFAULT_PROJECT]: plain,
    ...eachOf(written.projects ?? {}, (name, entry) => readProject(name, entry, { ...reading, scopes })),
  };
  const names: Names = {
    projects: [...new Set([DEFAULT_PROJECT, ...Object.keys(written.projects ?? {})])],
    sources: Object.keys(raw.sources),
    providers: Object.keys(raw.providers),
    scopes: Object.keys(raw.scopes),
    scopesOf: (project) => [...Object.keys(raw.scopes), ...keysIn(written.projects?.[project], 'scopes')],
  };
  const rosterOf = createRosters(input.readFile, report);
  const rosters = eachOf(written.projects ?? {}, (name, entry) => rosterOf(entry, ['projects', name, 'roster']));
  const sources = eachOf(raw.sources, (name, entry) => {
    const source = readSource(name, entry, { ...reading, names });
    const roster = rosterOf(entry, ['sources', name, 'roster']) ?? (source && rosters[source.project]);
    return source && roster ? { ...source, roster } : source;
  });
  const providers = eachOf(raw.providers, (name, entry) => readProvider(name, entry, reading));
  const context: PlanContext = {
    settings,
    sources: Object.values(sources),
    scopes: grantedScopes(input, names.scopes),
  };
  const entries = written.plans ?? defaultPlans(names.providers[0] ?? 'builtin');
  const plans = entries.map((entry, index): Plan | undefined => {
    const path = ['plans', index];
    const parsed = parse(PlanEntry, entry, path, report);
    // What is right in a plan that is wrong elsewhere is checked all the same: one run tells every problem.
    const readable = parsed ?? PlanEntry.safeParse(readablePart(entry)).data;
    if (!readable) return undefined;
    const plan = buildPlan(readable, context);
    checkPlan(plan, path, { names, sources: context.sources }, report);
    checkHandover(plan, path, context, report);
    return parsed ? plan : undefined;
  });
  checkOrder(plans, report);
  const tokens = parse(TokensEntry, written.tokens ?? {}, ['tokens'], report);
  return {
    tokens: buildTokens(tokens ?? TokensEntry.parse({}), settings),
    projects,
    sources,
    providers,
    scopes,
    plans,
    scopesOf: (project) => (Object.hasOwn(projects, project) ? projects[project]! : plain).scopes,
    projectOf: (source) => sources[source]?.project,
  };
}

/**
 * What a plan allows that does not say: AVAILABLE_SCOPES. Describing a scope grants it to nobody; and of the setting's own default, what the
 * file does not describe is left out.
 */
function grantedScopes({ settings, env }: PolicyInput, described: readonly string[]): readonly string[] {
  const found = lookUp(env, 'AVAILABLE_SCOPES');
  const isSet = 'value' in found && found.value !== undefined;
  return isSet ? settings.availableScopes : settings.availableScopes.filter((scope) => described.includes(scope));
}

function keysIn(entry: unknown, section: string): string[] {
  if (typeof entry !== 'object' || entry === null) return [];
  const value: unknown = (entry as Record<string, unknown>)[section];
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}

/** A plan without the sections that cannot be read, which their defaults stand in for. */
function readablePart(entry: unknown): unknown {
  const broken = new Set(
    PlanEntry.safeParse(entry).error?.issues.flatMap((issue) => [issue.path[0], ...('keys' in issue ? issue.keys : [])]),
  );
  if (typeof entry !== 'object' || entry === null) return entry;
  return Object.fromEntries(Object.entries(entry).filter(([section]) => !broken.has(section)));
}
