import type { Askable, Asked, Tools } from '../providers/driver.ts';
import { readConfiguration, type Configuration, type ConfigurationOptions } from './configuration.ts';
import type { OpenProvider } from './lease/call.ts';
import { openDriver } from './open-driver.ts';
import { limitsOf, unkept } from './policy/asked.ts';
import type { Problem } from './policy/problems.ts';
import type { Scopes } from './reservation/plan.ts';
import type { Policy, Provider } from './reservation/policy.ts';

/** The configuration in force and the providers it opens. A reload swaps all of it or nothing. */
export interface Catalogue {
  policy(): Policy;
  /** What the configuration describes for a project, without what is stored. */
  configuredScopes(project: string): Scopes;
  provider(name: string): (OpenProvider & { readonly driverId: string }) | undefined;
  /** Sentences for a key's holder about what nobody enforces of what is asked of this provider. */
  unenforced(provider: string, asked: readonly Asked[]): readonly string[];
  /** Every problem, and the old configuration stays; or none, and the new one is in force. */
  reload(): Promise<readonly Problem[]>;
}

export interface CatalogueOptions extends ConfigurationOptions {
  /** What every driver is given, but for the provider's name. */
  readonly tools: Omit<Tools, 'provider'>;
  readonly warn: (problem: Problem) => void;
  /** What the catalogue of a project adds to the scopes of the configuration, as it is now. */
  readonly storedScopes?: (project: string) => Scopes;
}

type Opened = OpenProvider & { readonly driverId: string };

/** Puts a good configuration in force, and each next one that is good. */
export function openCatalogue(first: Configuration, options: CatalogueOptions): Catalogue {
  const providersOf = ({ policy }: Configuration) =>
    new Map(Object.values(policy.providers).map((provider) => [provider.name, open(provider, options)]));
  let configured = first.policy;
  let policy = withStored(configured, options);
  let opened: ReadonlyMap<string, Opened> = providersOf(first);
  let { hasFile } = first;
  first.warnings.forEach(options.warn);
  return {
    policy: () => policy,
    configuredScopes: (project) => configured.scopesOf(project),
    provider: (name) => opened.get(name),
    unenforced(provider, asked) {
      const driver = opened.get(provider)?.driver;
      return driver ? unkept(limitsOf(driver, asked)).map(({ limit }) => `${WORDS[limit]} not enforced by the gateway.`) : [];
    },
    async reload() {
      // A file that vanished is a mistake: without it the defaults would come in force, which may grant more.
      const next = await readConfiguration(options, { required: options.settings.configRequired || hasFile });
      if (!next.ok) return next.problems;
      next.warnings.forEach(options.warn);
      opened = providersOf(next);
      configured = next.policy;
      policy = withStored(configured, options);
      ({ hasFile } = next);
      return [];
    },
  };
}

/** The configuration is the stronger: what is stored never changes what it describes. */
function withStored(policy: Policy, { storedScopes }: CatalogueOptions): Policy {
  if (!storedScopes) return policy;
  const merged = new Map<string, { readonly stored: Scopes; readonly scopes: Scopes }>();
  return {
    ...policy,
    scopesOf(project) {
      const stored = storedScopes(project);
      const last = merged.get(project);
      if (last?.stored === stored) return last.scopes;
      const scopes = Object.assign(Object.create(null), stored, policy.scopesOf(project)) as Scopes;
      merged.set(project, { stored, scopes });
      return scopes;
    },
  };
}

function open(provider: Provider, { drivers, tools }: CatalogueOptions): Opened {
  const definition = drivers.find(({ id }) => id === provider.driver)!;
  return {
    name: provider.name,
    driverId: provider.driver,
    driver: openDriver(provider, definition, tools),
    parseHandle: (stored) => definition.handle.parse(stored),
  };
}

const WORDS: Readonly<Record<Askable, string>> = {
  scopes: 'The scopes of this key are',
  endpoints: 'The endpoints of this key are',
  methods: 'The methods of this key are',
  quota: 'The quotas of this key are',
  rate: 'The rate limits of this key are',
  allowedIps: 'The allowed addresses of this key are',
  notBefore: 'The beginning of its window is',
  expiry: 'The end of its window is',
  limits: 'The further limits of this key are',
  scopeEndpoints: 'The endpoints of its scopes are',
  deniedIps: 'The denied addresses of this key are',
  hours: 'The hours of this key are',
  tokens: 'Its form as a signed token is',
};
