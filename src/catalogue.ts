import { readFile } from 'node:fs/promises';
import type { DriverDefinition, LimitReport, Tools } from '../providers/driver.ts';
import type { OpenProvider } from './lease/call.ts';
import { checkEnforcement } from './policy/enforcement.ts';
import { formatProblem, type Problem } from './policy/problems.ts';
import { loadPolicy, type KnownPreset } from './policy.ts';
import type { Plan } from './reservation/plan.ts';
import type { Policy, Provider } from './reservation/policy.ts';
import type { Environment } from './settings/lookup.ts';
import type { Settings } from './settings.ts';

/** The configuration in force and the providers it opens. A reload swaps all of it or nothing. */
export interface Catalogue {
  policy(): Policy;
  provider(name: string): (OpenProvider & { readonly driverId: string }) | undefined;
  /** Sentences about limits of this plan that nobody enforces. */
  unenforced(plan: Plan): readonly string[];
  /** Every problem, and the old configuration stays; or none, and the new one is in force. */
  reload(): Promise<readonly Problem[]>;
}

export interface CatalogueOptions {
  readonly settings: Settings;
  readonly drivers: readonly DriverDefinition[];
  readonly presets: readonly KnownPreset[];
  readonly env: () => Environment;
  readonly now: () => Date;
  /** What every driver is given, but for the provider's name. */
  readonly tools: Omit<Tools, 'provider'>;
  readonly warn: (problem: Problem) => void;
}

/** A configuration that cannot be used. The message lists every problem with its place. */
export class BadConfiguration extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.name = 'BadConfiguration';
    this.problems = problems;
  }
}

interface Loaded {
  readonly policy: Policy;
  readonly opened: ReadonlyMap<string, OpenProvider & { driverId: string }>;
}

/** Throws `BadConfiguration` when there is nothing good to begin with. */
export async function openCatalogue(options: CatalogueOptions): Promise<Catalogue> {
  const first = await load(options);
  if ('problems' in first) throw new BadConfiguration(first.problems);
  let current = first;
  return {
    policy: () => current.policy,
    provider: (name) => current.opened.get(name),
    unenforced: (plan) => unenforced(plan, current.opened.get(plan.provider)?.driver.limits),
    async reload() {
      const next = await load(options);
      if ('problems' in next) return next.problems;
      current = next;
      return [];
    },
  };
}

/** Reads and checks a configuration without putting it in force, as `latchkey check` does. */
export async function load(options: CatalogueOptions): Promise<Loaded | { readonly problems: readonly Problem[] }> {
  const { settings, drivers, presets } = options;
  const file = settings.configFile;
  const read = loadPolicy({ text: await textOf(file), file, env: options.env(), settings, drivers, presets, now: options.now() });
  if (!read.ok) return { problems: read.problems };
  for (const warning of read.warnings) options.warn(warning);
  const opened = new Map(Object.values(read.policy.providers).map((provider) => [provider.name, open(provider, options)]));
  const problems = checkEnforcement({
    file,
    policy: read.policy,
    lineOf: read.lineOf,
    limitsOf: (name) => opened.get(name)!.driver.limits,
  });
  return problems.length > 0 ? { problems } : { policy: read.policy, opened };
}

function open({ name, driver, config }: Provider, { drivers, tools }: CatalogueOptions): OpenProvider & { driverId: string } {
  const definition = drivers.find((candidate) => candidate.id === driver)!;
  return {
    name,
    driverId: driver,
    driver: definition.open(config, { ...tools, provider: name }),
    parseHandle: (stored) => definition.handle.parse(stored),
  };
}

function unenforced(plan: Plan, limits: LimitReport | undefined): readonly string[] {
  if (!limits) return [];
  const asked: (keyof LimitReport)[] = ['scopes', 'endpoints'];
  if (plan.quota) asked.push('quota');
  if (plan.rateLimit) asked.push('rate');
  if (plan.allowedIps) asked.push('allowedIps');
  return asked
    .filter((limit) => limits[limit].by === 'none')
    .map((limit) => `The ${WORDS[limit] ?? limit} of this key are not enforced by the gateway.`);
}

const WORDS: Partial<Record<keyof LimitReport, string>> = {
  rate: 'rate limits',
  quota: 'quotas',
  allowedIps: 'allowed addresses',
};

/** No file is as good as an empty one: the environment says it all. */
async function textOf(file: string): Promise<string> {
  return await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
}
