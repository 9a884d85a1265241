import type { StoredRights } from '../../ledger/tables/built-in.ts';
import { patternsShared } from '../../reservation/patterns.ts';
import { METHODS, type Method, type Scope } from '../../reservation/plan.ts';
import type { Rule } from '../../reservation/rights.ts';
import { quoted } from '../../reservation/text.ts';
import type { Refusal } from '../asked.ts';
import type { KeyPolicy, Said } from './policies.ts';

export type Access = Pick<StoredRights, 'scopes' | 'methods' | 'endpoints' | 'rules'>;
type Scopes = Readonly<Record<string, Scope>>;
type Of<Type extends KeyPolicy['policy_type']> = Extract<KeyPolicy, { policy_type: Type }>['configuration'];

/** So many paths one key may be about, in all of its rules. */
const MOST_PATHS = 500;

/**
 * What a key reaches after what was said about it: for each of its scopes the methods and paths of the scope's policy, or else those of the
 * project's scope; within the key's own paths, where it names some; within its path_access, where there is one. A key that names no paths
 * anywhere gets those that the project wrote at the scope, and where nothing is written it reaches nothing: an empty list is never all.
 */
export function accessOf({ terms, policies }: Said, scopes: Scopes): { access: Access; refused: Refusal[] } {
  const refused: Refusal[] = [];
  const ofScopes = configurations(policies, 'scope_access');
  const names = terms.scopes.length > 0 ? [...new Set(terms.scopes)] : ofScopes.map(({ scope }) => scope);
  for (const { scope } of ofScopes)
    if (!names.includes(scope))
      refused.push({ at: 'configuration.scope', why: `${quoted(scope)} is none of the key's scopes: ${names.join(', ')}` });
  const granted = names.flatMap((name) => {
    const scope = Object.hasOwn(scopes, name) ? scopes[name] : undefined;
    if (scope) return [ruleOf({ name, scope, own: terms.allowed_endpoints }, ofScopes, refused)];
    refused.push({ at: 'scopes', why: `scope ${quoted(name)} does not exist; known scopes: ${Object.keys(scopes).join(', ')}` });
    return [];
  });
  const paths = configurations(policies, 'path_access').map((one) => ({
    methods: one.allowed_methods,
    endpoints: [one.path_pattern],
  }));
  const rules = paths.length === 0 ? granted : bothOf(granted, paths, refused);
  return { access: { scopes: names, ...summary(rules) }, refused };
}

interface Asking {
  readonly name: string;
  readonly scope: Scope;
  /** The paths that the key names for all of its scopes. */
  readonly own: readonly string[];
}

function ruleOf({ name, scope, own }: Asking, policies: readonly Of<'scope_access'>[], refused: Refusal[]): Rule {
  const policy = policies.find((one) => one.scope === name);
  const methods = policy?.allowed_methods ?? scope.methods;
  for (const method of methods)
    if (!scope.methods.includes(method) && !(method === 'HEAD' && scope.methods.includes('GET')))
      refused.push({ at: 'configuration.allowed_methods', why: `${method} is not allowed by scope ${quoted(name)}` });
  const named = policy?.allowed_endpoints ?? undefined;
  for (const endpoint of named ?? [])
    if (scope.endpoints && sharedBy([endpoint], scope.endpoints, refused).length === 0)
      refused.push({ at: 'configuration.allowed_endpoints', why: `${quoted(endpoint)} is outside of scope ${quoted(name)}` });
  const narrower = [named, own.length > 0 ? own : undefined, scope.endpoints].filter((one) => one !== undefined);
  const [first = [], ...others] = narrower;
  return { methods, endpoints: others.reduce((within, other) => sharedBy(within, other, refused), first) };
}

/** What passes one of each. */
function bothOf(some: readonly Rule[], others: readonly Rule[], refused: Refusal[]): Rule[] {
  return some.flatMap((one) =>
    others.map((other) => ({
      methods: one.methods.filter((method) => allows(other.methods, method)),
      endpoints: sharedBy(one.endpoints, other.endpoints, refused),
    })),
  );
}

/** Whoever may GET may ask for the head alone. */
function allows(methods: readonly Method[], method: Method): boolean {
  return methods.includes(method) || (method === 'HEAD' && methods.includes('GET'));
}

function sharedBy(some: readonly string[], others: readonly string[], refused: Refusal[]): string[] {
  try {
    const shared = some.flatMap((one) => others.flatMap((other) => patternsShared(one, other)));
    const different = [...new Set(shared)];
    if (different.length > MOST_PATHS) throw new RangeError(`more than ${MOST_PATHS} paths`);
    return different;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    refused.push({ at: 'configuration', why: `these paths cannot be combined: ${error.message}` });
    return [];
  }
}

/** Methods and paths of all rules, and the rules themselves where one is not like the other. */
function summary(rules: readonly Rule[]): Omit<Access, 'scopes'> {
  const open = rules.filter(({ methods, endpoints }) => methods.length > 0 && endpoints.length > 0);
  const methods = METHODS.filter((method) => open.some((rule) => rule.methods.includes(method)));
  const endpoints = [...new Set(open.flatMap((rule) => rule.endpoints))];
  const alike = open.every((rule) => rule.methods.length === methods.length && rule.endpoints.length === endpoints.length);
  return alike ? { methods, endpoints } : { methods, endpoints, rules: open };
}

function configurations<Type extends KeyPolicy['policy_type']>(policies: readonly KeyPolicy[], type: Type): Of<Type>[] {
  return policies.filter((one) => one.policy_type === type).map((one) => one.configuration as Of<Type>);
}
