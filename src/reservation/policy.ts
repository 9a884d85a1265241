import type { Secret } from '../secret/secret.ts';
import type { Catalogue, Scopes } from './plan.ts';
import type { Project } from './project.ts';
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

export interface SigningSecret {
  readonly secret: Secret;
  /** Not accepted from then on; for rotation. */
  readonly notAfter?: Date;
}

export interface Source {
  readonly name: string;
  readonly project: string;
  readonly preset: string;
  /** Empty only with LATCHKEY_INSECURE=1. */
  readonly secrets: readonly SigningSecret[];
  /** Of the signature header, where the preset leaves a choice. */
  readonly encoding: 'base64' | 'hex';
  /** The source's own endpoints for news about its bookings; named by the operator, so they may be private. */
  readonly callback?: {
    readonly notifications?: string;
    readonly log?: string;
    readonly timeoutMs: number;
    /** Of the log, where it is another. */
    readonly logTimeoutMs?: number;
  };
  /** A signed webhook (Standard Webhooks) for this source's leases. */
  readonly webhook?: { readonly url: string; readonly secret: Secret };
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
