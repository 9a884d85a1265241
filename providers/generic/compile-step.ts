import { hash } from 'node:crypto';
import { compileCondition } from './condition.ts';
import { compileName, type Context, inside, knowing, type Read } from './expression.ts';
import { textOf, type Values } from './filters.ts';
import type { Wire } from './client.ts';
import { meaningsOf } from './judge.ts';
import { type Pointer, pointerTo } from './pointer.ts';
import type { IssueStep, RequestPart, Step } from './preset-schema.ts';
import { compilePath, compileRounds, compileTree, Unknown } from './template.ts';

export interface CompiledRequest {
  applies(values: Values): boolean;
  /** Of what finds a key: what this request cannot do without. */
  readonly needs: readonly string[];
  /** Which of them is missing. */
  lacks(values: Values): string | undefined;
  /** Throws `Unknown` where a value is missing that cannot be left out. */
  wire(values: Values, requestId: string): Wire;
}

export interface Keep {
  readonly name: string;
  readonly pointer: Pointer;
}

export interface CompiledStep extends CompiledRequest {
  /** The values of each time that it is sent. */
  rounds(values: Values): readonly Values[];
  readonly keep: readonly Keep[];
  /** Where a list without items means that there is no such key. */
  readonly empty?: Pointer;
}

/** Whether a value finds the key at the vendor, so that a request without it would mean another key or all of them. */
const FINDS = /^(key|id|kept\..*)$/;

export function compileRequest(part: RequestPart & Pick<Step, 'once'>, context: Context): CompiledRequest {
  const used = new Set<string>();
  const within: Context = { ...context, use: (name) => (used.add(name), context.use?.(name)) };
  const applies = part.when === undefined ? () => true : compileCondition(part.when, inside(context, 'when'));
  const path = compilePath(part.path, inside(within, 'path'));
  const query = compileTree(part.query, inside(within, 'query'));
  const headers = compileTree(part.headers, inside(within, 'headers'));
  const body = compileTree(part.body, inside(within, 'body'));
  const needs = [...used].filter((name) => FINDS.test(name));
  const must = needs.map((name) => ({ name, read: compileName(name, context) }));
  const lacks = (values: Values) => must.find(({ read }) => read(values) === undefined)?.name;
  const fixed = { ask: part.ask, method: part.method, meanings: meaningsOf(part) };
  return {
    applies,
    needs,
    lacks,
    wire(values, requestId) {
      const missing = lacks(values);
      if (missing !== undefined) throw new Unknown(missing);
      return {
        ...fixed,
        path: path(values) + queryText(query(values) as Values),
        headers: { ...(headers(values) as Record<string, string>), ...onceHeader(part, { values, body, requestId }) },
        body: body(values),
      };
    },
  };
}

function queryText(query: Values): string {
  const pairs = Object.entries(query).map(([name, value]): [string, string] => [name, textOf(value)]);
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs).toString()}`;
}

/** The same for each repetition of a request, another for any other; with `call`, another for each call. The key goes into no header, not even hashed. */
function onceHeader(
  { once, ask }: Pick<Step, 'once' | 'ask'>,
  { values, body, requestId }: { values: Values; body: Read; requestId: string },
): Record<string, string> {
  if (!once) return {};
  const about = once === 'call' ? requestId : JSON.stringify(body({ ...values, key: undefined }));
  return { 'Idempotency-Key': `${String(values['name'])}-${hash('sha256', JSON.stringify([ask, about])).slice(0, 16)}` };
}

export function compileStep(step: Step, context: Context): CompiledStep {
  const loop = step.forEach === undefined ? undefined : compileRounds(step.forEach, inside(context, 'forEach'));
  if (loop && Object.keys(step.keep).length > 0)
    context.report(inside(context, 'keep').at, 'keeps what one answer says, and forEach has many');
  return {
    ...compileRequest(step, loop ? knowing(context, loop.name) : context),
    rounds: loop?.rounds ?? ((values) => [values]),
    keep: compileKeep(step.keep),
    ...(step.empty !== undefined && { empty: pointerTo(step.empty) }),
  };
}

export function compileKeep(keep: Readonly<Record<string, string>>): Keep[] {
  return Object.entries(keep).map(([name, pointer]) => ({ name, pointer: pointerTo(pointer) }));
}

/** What undoes each step, the last one first. */
export function undoOf(entries: readonly (readonly IssueStep[])[]): { step: Step; at: readonly (string | number)[] }[] {
  return entries
    .flatMap((group, entry) =>
      group.map(({ undo }, index) => ({
        undo,
        at: ['issue', entry, ...(group.length > 1 ? ['parallel', index] : []), 'undo'],
      })),
    )
    .reverse()
    .flatMap(({ undo, at }) => (undo ? [{ step: { ...undo, keep: {} }, at }] : []));
}
