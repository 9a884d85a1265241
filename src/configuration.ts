import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { DriverDefinition, LimitReport, Tools } from '../providers/driver.ts';
import type { KeyManager } from '../providers/key-manager.ts';
import type { OpenProvider } from './lease/call.ts';
import { askedOf, limitsOf } from './policy/asked.ts';
import { checkEnforcement } from './policy/enforcement.ts';
import { formatProblem, inOrder, type Problem } from './policy/problems.ts';
import { openDriver } from './open-driver.ts';
import { loadPolicy, type KnownPreset } from './policy.ts';
import type { ReadFile } from './policy/roster.ts';
import type { Plan } from './reservation/plan.ts';
import type { Policy, Provider } from './reservation/policy.ts';
import type { Environment } from './settings/lookup.ts';
import type { Settings } from './settings.ts';

export interface ConfigurationOptions {
  readonly settings: Settings;
  readonly drivers: readonly DriverDefinition[];
  readonly presets: readonly KnownPreset[];
  readonly env: () => Environment;
  readonly now: () => Date;
}

/** A configuration that can be put in force. */
export interface Configuration {
  readonly ok: true;
  readonly policy: Policy;
  readonly warnings: readonly Problem[];
  /** Who keeps what a plan asks for. */
  limitsOf(plan: Plan): Partial<LimitReport>;
  /** A provider that is only asked what it can do; it makes no keys. */
  provider(name: string): OpenProvider | undefined;
  /** Or everything comes from the environment. */
  readonly hasFile: boolean;
}

export type ConfigurationResult = Configuration | { readonly ok: false; readonly problems: readonly Problem[] };

/** A configuration that cannot be used. The message lists every problem with its place. */
export class BadConfiguration extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.name = 'BadConfiguration';
    this.problems = problems;
  }
}

/** Reads and checks the configuration; opens nothing and changes nothing. `required`: its file may not be absent. */
export async function readConfiguration(
  options: ConfigurationOptions,
  { required = options.settings.configRequired }: { readonly required?: boolean } = {},
): Promise<ConfigurationResult> {
  const { settings, drivers, presets } = options;
  const file = settings.configFile;
  const read = await textOf(file, required);
  if ('message' in read) return { ok: false, problems: [{ severity: 'error', file, path: '', ...read }] };
  const loaded = loadPolicy({
    text: read.text ?? '',
    file,
    env: options.env(),
    settings,
    drivers,
    presets,
    now: options.now(),
    readFile: (path) => besides(file, path),
  });
  const { providers, scopesOf } = loaded.readable;
  const opened = new Map(Object.values(providers).map((provider) => [provider.name, openIdle(provider, drivers)]));
  const driverOf = (name: string) => opened.get(name)?.driver;
  const unenforced = checkEnforcement({ file, policy: loaded.readable, lineOf: loaded.lineOf, driverOf });
  const problems = inOrder([...(loaded.ok ? [] : loaded.problems), ...unenforced]);
  if (!loaded.ok || problems.length > 0) return { ok: false, problems };
  return {
    ok: true,
    policy: loaded.policy,
    warnings: loaded.warnings,
    limitsOf: (plan) => limitsOf(driverOf(plan.provider)!, askedOf(plan, scopesOf(plan.project))),
    provider: (name) => opened.get(name),
    hasFile: read.text !== undefined,
  };
}

/** A driver that is only asked what it enforces; unknown where the provider itself is wrong. */
function openIdle(provider: Provider, drivers: readonly DriverDefinition[]): OpenProvider | undefined {
  const definition = drivers.find(({ id }) => id === provider.driver);
  if (!definition || provider.config === undefined) return undefined;
  const driver = openDriver(provider, definition, IDLE);
  return { name: provider.name, driver, parseHandle: (stored) => definition.handle.parse(stored) };
}

/** A file that the configuration names, by its path from where that is. */
function besides(file: string, path: string): ReturnType<ReadFile> {
  const place = resolve(dirname(file), path);
  try {
    return { text: readFileSync(place, 'utf8'), file: place };
  } catch (error) {
    return { problem: `${place} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})` };
  }
}

/** No file is as good as an empty one, the environment says it all; unless there must be one. */
async function textOf(
  file: string,
  required: boolean,
): Promise<{ readonly text: string | undefined } | { readonly message: string; readonly fix: string }> {
  try {
    return { text: await readFile(file, 'utf8') };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    if (code !== 'ENOENT') return { message: `cannot be read (${code})`, fix: 'name a file that this process may read' };
    if (!required) return { text: undefined };
    return { message: 'is not there', fix: 'put it there, or name the right file in LATCHKEY_CONFIG' };
  }
}

const none = (): never => {
  throw new Error('configuration: no keys are made while it is checked');
};
const NO_KEYS: KeyManager = {
  put: none,
  retime: none,
  remove: none,
  usage: none,
  list: none,
  suspend: none,
  resume: none,
  rekey: none,
  standing: none,
};
const IDLE: Omit<Tools, 'provider'> = { keys: NO_KEYS, userAgent: 'latchkey', lock: none };
