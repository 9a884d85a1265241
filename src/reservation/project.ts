import { Fault } from './fault.ts';
import type { Catalogue, Limit, Scopes } from './plan.ts';
import type { Hours, TokenType } from './rights.ts';

/** Whatever names no project belongs to this one. */
export const DEFAULT_PROJECT = 'default';

/** A part of the house that sees nothing of the others: its sources, plans, scopes, keys, operators and limits. */
export interface Project {
  readonly name: string;
  readonly description?: string;
  /** Shared by all keys of the project, each a sliding window. */
  readonly limits: readonly Limit[];
  /** What the configuration describes for it: everybody's scopes, under its own. */
  readonly scopes: Scopes;
  readonly keys: KeyRules;
  /** The settings of `keys` that are its own; the others are the whole house's. */
  readonly says: readonly KeySetting[];
}

/** What keys made by API get where they say nothing, and what they may not exceed. */
export interface KeyRules {
  /** What a key begins with, before the underscore. */
  readonly prefix: string;
  /** `never`: whether a key may live without an end. */
  readonly expires: { readonly defaultMs: number; readonly longestMs: number; readonly never: boolean };
  /** How many may be made in a period. */
  readonly created: Limit;
  readonly tokenType: TokenType;
  readonly quota?: Limit;
  readonly rateLimit?: Limit;
  readonly limits?: readonly Limit[];
  readonly allowedIps?: readonly string[];
  readonly deniedIps?: readonly string[];
  readonly hours?: readonly Hours[];
  readonly rotation?: { readonly everyMs: number; readonly overlapMs: number };
  /** How long a dead key stays in lists before it is taken out; its audit stays. */
  readonly keptMs: number;
}

export type KeySetting = keyof KeyRules;

/** Throws Fault('not_found'). */
export function projectNamed({ projects }: { readonly projects: Readonly<Record<string, Project>> }, name: string): Project {
  const project = Object.hasOwn(projects, name) ? projects[name] : undefined;
  if (!project) throw new Fault('not_found', `there is no project ${name}`);
  return project;
}

/** Whose a lease is. Its source says so; where that has gone from the configuration, its plan does. */
export function projectOfLease(
  { projectOf, plans }: Catalogue,
  { source, plan }: { readonly source: string; readonly plan: string },
): string {
  return projectOf(source) ?? plans.find(({ name }) => name === plan)?.project ?? DEFAULT_PROJECT;
}
