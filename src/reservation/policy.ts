import type { Catalogue, Scopes } from './plan.ts';
import type { Project } from './project.ts';
import type { Source } from './source.ts';
import type { TokenRules } from './tokens.ts';

/** The configuration in force, parsed and checked. One value at a time; a reload swaps it whole. */
export interface Policy extends Catalogue {
  /** Always with the one named default. */
  readonly projects: Readonly<Record<string, Project>>;
  readonly sources: Readonly<Record<string, Source>>;
  readonly providers: Readonly<Record<string, Provider>>;
  /** What the configuration describes for all projects. */
  readonly scopes: Scopes;
  readonly tokens: TokenRules;
}

/** What the core does at a provider beside settling leases. */
export interface ProviderRules {
  /** What the periodic sweep may do about keys that are missing, or otherwise than they should be. */
  readonly inventory: 'report' | 'fix';
  /** About keys under our names that our books do not know. */
  readonly strays: 'report' | 'revoke';
  /** The API behind it asks our `/verify` as well. */
  readonly verify: boolean;
}

export interface Provider extends ProviderRules {
  readonly name: string;
  readonly driver: string;
  /** As parsed by the driver's own schema. */
  readonly config: unknown;
}
