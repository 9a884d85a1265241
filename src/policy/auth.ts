import type { AuthRule, HeaderLayout, HmacRule } from '../reservation/auth-rule.ts';
import { formatLayout, optionalPrefixLayout, prefixLayout, regexLayout } from '../sources/auth/layout.ts';
import { compileTemplate, placeholdersOf } from '../sources/auth/template.ts';
import { compileExpression } from '../sources/map/expression.ts';
import type { AuthEntry, HmacEntry } from './auth-schema.ts';
import type { Path, Report } from './problems.ts';

export interface AuthBuilding {
  readonly path: Path;
  readonly report: Report;
  /** Of the digest, where it is said beside a preset. */
  readonly encoding: HmacRule['encoding'] | undefined;
}

/** The way of signing that an entry says. What is wrong with it is told, and then there is none. */
export function authOf(entry: AuthEntry, building: AuthBuilding): AuthRule | undefined {
  const { hmac, token, basic, bearer, clientCertificate, query } = entry;
  if (hmac) return hmacOf(hmac, building);
  if (token?.header !== undefined) return { kind: 'token', header: token.header, prefix: token.prefix ?? '' };
  if (token?.field !== undefined) return fieldOf(token.field, building);
  if (basic) return { kind: 'basic', ...basic };
  if (bearer) return { kind: 'bearer' };
  if (clientCertificate) return { kind: 'client-certificate', ...clientCertificate };
  if (query) return { kind: 'query', ...query };
  return { kind: 'standard-webhooks' };
}

function hmacOf(entry: HmacEntry, { path, report, encoding = entry.encoding }: AuthBuilding): HmacRule | undefined {
  const { format, regex, signed, header, algorithm, secretEncoding, idHeader, timestampHeader, timestampUnit } = entry;
  const told = (setting: string, message: string): undefined => {
    report({ path: [...path, 'hmac', setting], message, fix: 'docs/sources.md shows how systems sign' });
  };
  const layout = attempt(
    () => layoutOf({ ...entry, encoding }),
    (message) => told(format ? 'format' : regex ? 'regex' : 'prefix', message),
  );
  const template = attempt(
    () => compileTemplate(signed),
    (message) => told('signed', message),
  );
  if (!layout || !template) return undefined;
  const named = placeholdersOf(template);
  for (const name of ['id', 'timestamp'] as const) {
    const comes = layout.finds.includes(name) || entry[`${name}Header`] !== undefined;
    if (named.has(name) && !comes)
      return told('signed', `has {${name}}, and nothing says where it comes: write ${name}Header or format`);
    if (layout.finds.includes(name) && entry[`${name}Header`] !== undefined)
      return told(`${name}Header`, `says where the ${name} is, and so does the layout of ${header}: which of them is signed?`);
    // What is not signed, anybody can change.
    if (comes && !named.has(name)) return told('signed', `does not cover the ${name} that is read: write {${name}} in it`);
  }
  const where = { header, layout, idHeader, timestampHeader, timestampUnit };
  return { kind: 'hmac', algorithm, encoding, secretEncoding, ...where, signed: template, toleranceMs: entry.tolerance };
}

function layoutOf({ prefix, format, regex, listSeparator, encoding, algorithm }: HmacEntry): HeaderLayout {
  if ([prefix, format, regex].filter((one) => one !== undefined).length > 1)
    throw new Error('says where the digest is in more than one way: write one of prefix, format and regex');
  if (format !== undefined) return formatLayout(format, listSeparator);
  if (regex !== undefined) return regexLayout(regex, listSeparator);
  // Senders of hex often name the algorithm before it, and the same ones not always.
  if (prefix === undefined && encoding === 'hex') return optionalPrefixLayout(`${algorithm}=`, listSeparator);
  return prefixLayout(prefix ?? '', listSeparator);
}

function fieldOf(text: string, { path, report }: AuthBuilding): AuthRule | undefined {
  const told = (message: string): undefined => {
    report({ path: [...path, 'token', 'field'], message, fix: 'write a path such as auth.token' });
  };
  const expression = attempt(() => compileExpression(text, {}), told);
  if (!expression) return undefined;
  const names = expression.path?.[0] === 'body' ? expression.path.slice(1) : expression.path;
  return names && names.length > 0 ? { kind: 'field', path: names } : told('is no path of a member');
}

function attempt<T>(work: () => T, told: (message: string) => undefined): T | undefined {
  try {
    return work();
  } catch (error) {
    return told((error as Error).message);
  }
}
