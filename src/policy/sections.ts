import type { z } from 'zod';
import type { Plan, Scope } from '../reservation/plan.ts';
import type { Policy, Provider, Source } from '../reservation/policy.ts';
import type { PolicyInput } from '../policy.ts';
import { lookUp } from '../settings/lookup.ts';
import { buildPlan, buildSource, type PlanContext } from './build.ts';
import { checkEnds, checkHandover, checkOrder, checkPlan, checkSecrets, checkSource, type Names } from './check.ts';
import { DEFAULT_PROJECT } from '../reservation/project.ts';
import { defaultPlans, defaultProject, defaultProviders, defaultScopes, defaultSources } from './defaults.ts';
import { findingsOf } from './issues.ts';
import { suggest, type Path, type Report } from './problems.ts';
import { PlanEntry, ProviderEntry, ScopeEntry, Sections, SourceEntry } from './schema.ts';

/** A policy as far as it is right. Plans stand at their places in the file. */
export interface ReadablePolicy extends Omit<Policy, 'plans'> {
  readonly plans: readonly (Plan | undefined)[];
}

/** The value of a configuration file as a policy, as far as it is right; the rest is reported. */
export function readPolicy(value: unknown, input: PolicyInput, report: Report): ReadablePolicy {
  const { settings } = input;
  const written = parse(Sections, value, [], report) ?? {};
  const raw = {
    sources: written.sources ?? defaultSources(settings),
    providers: written.providers ?? defaultProviders(settings, report),
    scopes: written.scopes ?? defaultScopes(settings),
  };
  const names: Names = {
    sources: Object.keys(raw.sources),
    providers: Object.keys(raw.providers),
    scopes: Object.keys(raw.scopes),
  };
  const sources = eachOf(raw.sources, (name, entry) => readSource(name, entry, input, report));
  const providers = eachOf(raw.providers, (name, entry) => readProvider(name, entry, input, report));
  const scopes = eachOf(raw.scopes, (name, entry): Scope | undefined => parse(ScopeEntry, entry, ['scopes', name], report));
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
    checkPlan(plan, path, names, report);
    checkHandover(plan, path, context, report);
    return parsed ? plan : undefined;
  });
  checkOrder(plans, report);
  return { projects: { [DEFAULT_PROJECT]: defaultProject(settings) }, sources, providers, scopes, plans };
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

function readSource(name: string, value: unknown, input: PolicyInput, report: Report): Source | undefined {
  const path = ['sources', name];
  const entry = parse(SourceEntry, value, path, report);
  if (!entry) return undefined;
  const preset = input.presets.find(({ id }) => id === entry.preset);
  if (!preset)
    report({
      path: [...path, 'preset'],
      message: `names no preset: "${entry.preset}"`,
      fix: suggest(
        entry.preset,
        input.presets.map(({ id }) => id),
      ),
    });
  const source = buildSource(name, entry, input.settings);
  checkSource(source, input.settings.insecure, report);
  checkSecrets(source, preset?.secretForm, report);
  checkEnds(source, input.now, report);
  return source;
}

function readProvider(name: string, value: unknown, input: PolicyInput, report: Report): Provider | undefined {
  const path = ['providers', name];
  const entry = parse(ProviderEntry, value, path, report);
  if (!entry) return undefined;
  const { driver: id, inventory, strays, verify, ...config } = entry;
  const driver = input.drivers.find((candidate) => candidate.id === id);
  if (!driver) {
    const known = input.drivers.map((candidate) => candidate.id);
    report({ path: [...path, 'driver'], message: `names no driver: "${id}"`, fix: suggest(id, known) });
    return undefined;
  }
  return { name, driver: id, inventory, strays, verify, config: parse(driver.config, config, path, report) };
}

function parse<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  path: Path,
  report: Report,
): z.output<Schema> | undefined {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const finding of findingsOf(parsed.error, schema, path)) report(finding);
  return undefined;
}

/** A plan without the sections that cannot be read, which their defaults stand in for. */
function readablePart(entry: unknown): unknown {
  const broken = new Set(
    PlanEntry.safeParse(entry).error?.issues.flatMap((issue) => [issue.path[0], ...('keys' in issue ? issue.keys : [])]),
  );
  if (typeof entry !== 'object' || entry === null) return entry;
  return Object.fromEntries(Object.entries(entry).filter(([section]) => !broken.has(section)));
}

/** Without a prototype, so that a name from a URL such as `constructor` finds nothing. */
function eachOf<T>(entries: Record<string, unknown>, read: (name: string, entry: unknown) => T | undefined): Record<string, T> {
  const results = Object.create(null) as Record<string, T>;
  for (const [name, entry] of Object.entries(entries)) {
    const result = read(name, entry);
    if (result !== undefined) results[name] = result;
  }
  return results;
}
