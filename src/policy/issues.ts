import { z } from 'zod';
import type { Finding, Path } from './problems.ts';
import { suggest } from '../reservation/suggest.ts';

type Issue = z.core.$ZodIssue;

/** What a schema found wrong, in words for people: one finding for each wrong thing, at its own path. */
export function findingsOf(error: z.core.$ZodError, schema: z.core.$ZodType, under: Path): Finding[] {
  return error.issues.flatMap((issue) => findings(issue, schema, under));
}

function findings(issue: Issue, schema: z.core.$ZodType, under: Path): Finding[] {
  const path: Path = [...under, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))];
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, issue.path);
    return issue.keys.map((key) => ({ path: [...path, key], message: 'is not a setting', fix: suggest(key, known) }));
  }
  if (issue.code === 'invalid_union') {
    const branch = nearest(issue.errors);
    if (branch) return branch.flatMap((inner) => findings({ ...inner, path: [...issue.path, ...inner.path] }, schema, under));
  }
  return [{ path, ...words(issue) }];
}

function words(issue: Issue): { message: string; fix: string } {
  if (issue.code === 'custom' && typeof issue.params?.['fix'] === 'string')
    return { message: issue.message, fix: issue.params['fix'] };
  if (issue.code === 'invalid_type')
    return issue.message.endsWith('received undefined')
      ? { message: 'is missing', fix: `give ${article(issue.expected)}` }
      : { message: 'is of the wrong kind', fix: `give ${article(issue.expected)}` };
  if (issue.code === 'invalid_value')
    return { message: 'is not one of its values', fix: `write ${issue.values.map(String).join(', ')}` };
  if (issue.code === 'too_small') return { message: 'is too short or too small', fix: `at least ${issue.minimum}` };
  if (issue.code === 'too_big') return { message: 'is too long or too big', fix: `at most ${issue.maximum}` };
  if (issue.code === 'invalid_key')
    return { message: 'is not a name', fix: issue.issues[0]?.message ?? 'write letters and digits' };
  return { message: 'is not right', fix: issue.message };
}

const ARTICLES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list, such as [a, b]',
  object: 'settings, such as { name: value }',
  record: 'named entries',
};

function article(expected: string): string {
  return ARTICLES[expected] ?? expected;
}

/** Of the alternatives, the one whose kind fitted: its complaints lie deeper than "this is no text". */
function nearest(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const fits = (code: Issue['code']) => (issues: readonly Issue[]) =>
    issues.length > 0 &&
    !issues.some((issue) => issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === code));
  return branches.find(fits('invalid_value')) ?? branches.find(fits('invalid_type'));
}

/** The keys that the object at a path of a schema takes. */
function keysAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  const [head, ...rest] = path;
  if (schema instanceof z.ZodObject) {
    if (head === undefined) return Object.keys(schema.shape);
    const inner = schema.shape[String(head)];
    return inner ? keysAt(inner, rest) : [];
  }
  if (schema instanceof z.ZodArray) return keysAt(schema.element, rest);
  if (schema instanceof z.ZodRecord) return keysAt(schema.valueType, rest);
  if (schema instanceof z.ZodPipe) return keysAt(schema.in, path);
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => keysAt(option, path));
  const wrapped =
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodDefault;
  return wrapped ? keysAt(schema.unwrap(), path) : [];
}
