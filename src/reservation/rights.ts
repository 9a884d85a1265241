import type { Method, Scopes } from './plan.ts';

/** What narrows a key beyond methods, paths and counts. */

/** Methods on paths that one scope allows. */
export interface Rule {
  readonly methods: readonly Method[];
  /** Path patterns: `*` is one segment, `**` any number of them. */
  readonly endpoints: readonly string[];
}

/** Part of each week, `[from, to)` by the wall clock of a zone. Where `to` is not after `from` it ends the day after. */
export interface Hours {
  /** 1 is Monday, 7 Sunday (ISO 8601); absent for every day. The day on which it begins. */
  readonly days?: readonly number[];
  /** `08:00`. */
  readonly from: string;
  /** `18:30`; `24:00` is midnight at the end of the day. */
  readonly to: string;
  /** An IANA time zone, such as `Europe/Rome`. */
  readonly zone: string;
}

/** What a key's value is: a random text that only `/verify` knows, or a signed token that others can read. */
export const TOKEN_TYPES = ['opaque', 'jwt'] as const;
export type TokenType = (typeof TOKEN_TYPES)[number];

/** What each of a key's scopes lets through, where one of them is for some paths only; else methods and paths say it all. */
export function rulesOf(granted: readonly string[], scopes: Scopes): readonly Rule[] | undefined {
  const own = granted.flatMap((name) => (Object.hasOwn(scopes, name) ? [scopes[name]!] : []));
  if (!own.some(({ endpoints }) => endpoints)) return undefined;
  return own.map(({ methods, endpoints }) => ({ methods, endpoints: endpoints ?? ['/**'] }));
}
