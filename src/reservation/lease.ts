import type { Limit, Method, Plan } from './plan.ts';
import type { Hours, Rule, TokenType } from './rights.ts';

export const LEASE_STATES = ['pending', 'issuing', 'active', 'suspended', 'revoking', 'revoked', 'refused', 'stuck'] as const;
/**
 * pending    nothing to do yet          issuing  a key is being made
 * active     the holder's key is live   suspended  an operator or a resource outage holds it
 * revoking   keys are being taken away  revoked  nothing lives any more
 * refused    the booking asked for what the plan does not grant, or the provider can never do it
 * stuck      a revocation that has failed for long enough to be a debt
 */
export type LeaseState = (typeof LEASE_STATES)[number];

export const KEY_STATES = ['intended', 'active', 'revoking', 'revoked'] as const;
export type KeyState = (typeof KEY_STATES)[number];

/** `[opensAt, closesAt)`. */
export interface Window {
  readonly opensAt: Date;
  readonly closesAt: Date;
}

/** What a key may do: the plan's ceilings narrowed by the booking's parameters. */
export interface Grant {
  readonly scopes: readonly string[];
  /** The union of the scopes' methods. */
  readonly methods: readonly Method[];
  readonly endpoints: readonly string[];
  readonly quota?: Limit;
  readonly rateLimit?: Limit;
  readonly limits?: readonly Limit[];
  /** Where a scope is for some paths only: one rule for each scope, one of which must let a request through. */
  readonly rules?: readonly Rule[];
  readonly allowedIps?: readonly string[];
  readonly deniedIps?: readonly string[];
  readonly hours?: readonly Hours[];
  /** Absent for opaque. */
  readonly tokenType?: TokenType;
}

/** A grant as it was made: what the booking then asked for, and the plan's rules for the window, which outlive the plan. */
export interface Granted {
  readonly grant: Grant;
  readonly asked: string;
  readonly plan: Pick<Plan, 'name' | 'window'>;
}

/** The legal moves of a lease; staying is always legal. A revoked or refused lease moves again when its booking does. */
export const LEASE_MOVES: Readonly<Record<LeaseState, readonly LeaseState[]>> = {
  pending: ['issuing', 'revoking', 'revoked', 'refused', 'suspended'],
  issuing: ['active', 'pending', 'revoking', 'revoked', 'refused', 'suspended', 'stuck'],
  active: ['issuing', 'revoking', 'revoked', 'refused', 'suspended', 'pending', 'stuck'],
  suspended: ['issuing', 'pending', 'active', 'revoking', 'revoked', 'refused'],
  revoking: ['revoked', 'refused', 'suspended', 'pending', 'issuing', 'active', 'stuck'],
  revoked: ['pending', 'issuing', 'refused', 'suspended'],
  refused: ['pending', 'issuing', 'revoking', 'revoked', 'suspended'],
  stuck: ['revoked', 'refused', 'suspended', 'pending', 'issuing', 'active', 'revoking'],
};
