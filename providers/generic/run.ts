import { type Call, DriverError } from '../driver.ts';
import type { Client } from './client.ts';
import type { Steps } from './compile.ts';
import type { CompiledRequest, CompiledStep, Keep } from './compile-step.ts';
import type { Values } from './filters.ts';
import { type Answer, jsonOf } from './judge.ts';
import { Unknown } from './template.ts';

export interface Runner {
  readonly client: Client;
  readonly call: Call;
  /** Begins every message. */
  readonly provider: string;
  /** Told after each step that kept something while others follow. */
  readonly onKept?: (values: Values) => Promise<void>;
  readonly absent?: Absent;
}

/** What a key that is not there means, if not a failure: all is done; and where it was looked for in vain, steps that need more than its name are left out. */
export type Absent = 'done' | 'left out';

export interface Outcome {
  /** With what the steps kept. */
  readonly values: Values;
  /** Some step found there what it was to make. */
  readonly existed: boolean;
}

/** Sends one request. Throws `rejected` where it cannot be written without what is not known any more. */
export async function ask(request: CompiledRequest, values: Values, runner: Runner): Promise<Answer> {
  return await runner.client.send(wireOf(request, values, runner), runner.call);
}

function wireOf(request: CompiledRequest, values: Values, { call, provider }: Runner) {
  try {
    return request.wire(values, call.requestId);
  } catch (error) {
    if (!(error instanceof Unknown)) throw error;
    const what = error.message === 'key' ? "the key's value" : `"${error.message}"`;
    throw new DriverError('rejected', `${provider}: ${what} is not known any more, and the API finds no key without it`);
  }
}

/** Takes all steps, one after the other. Throws `gone` where a step says that there is no such key. */
export async function run(steps: Steps, start: Values, runner: Runner): Promise<Outcome> {
  let outcome: Outcome = { values: start, existed: false };
  for (const [index, group] of steps.entries()) {
    const next = await runGroup(group, outcome, runner);
    if (next.values !== outcome.values && index < steps.length - 1) await runner.onKept?.(next.values);
    outcome = next;
  }
  return outcome;
}

async function runGroup(group: readonly CompiledStep[], before: Outcome, runner: Runner): Promise<Outcome> {
  const sent = group
    .filter((step) => step.applies(before.values) && !(runner.absent === 'left out' && step.lacks(before.values)))
    .flatMap((step) => step.rounds(before.values).map((values) => ({ step, values })));
  // All of them end before a failure is thrown, so that none overtakes the revoke that may follow.
  const settled = await Promise.allSettled(sent.map(({ step, values }) => ask(step, values, runner)));
  const answers = settled.flatMap((one, index) => (one.status === 'fulfilled' ? [withEmpty(one.value, sent[index]!.step)] : []));
  const existed = before.existed || answers.some(({ outcome }) => outcome === 'exists');
  const repeated = answers.find(({ outcome }) => outcome === 'repeated');
  // Before any other failure: repeated, this call would find the key there, and take the conflict for its own doing.
  if (repeated && !existed)
    throw new DriverError(
      'rejected',
      `${runner.provider}: the key is new, and yet the manager called one of its policies a conflict: it does not take all of them`,
      { status: repeated.status },
    );
  for (const one of settled) if (one.status === 'rejected') throw one.reason;
  const gone = runner.absent ? undefined : answers.find(({ outcome }) => outcome === 'gone');
  if (gone) throw noSuchKey(runner.provider, gone.status);
  const kept = answers.flatMap((answer, index) => keptOf(sent[index]!.step, answer, runner));
  return { existed, values: kept.length > 0 ? withKept(before.values, kept) : before.values };
}

/** As `gone`, where a list that says which keys there are has none. */
export function withEmpty(answer: Answer, { empty }: Pick<CompiledStep, 'empty'>): Answer {
  const list = empty?.(jsonOf(answer.text));
  return Array.isArray(list) && list.length === 0 ? { ...answer, outcome: 'gone' } : answer;
}

export function noSuchKey(provider: string, status?: number): DriverError {
  return new DriverError('gone', `${provider}: there is no such key`, { status });
}

function keptOf({ keep }: CompiledStep, answer: Answer, { provider }: Runner): [string, string][] {
  if (keep.length === 0) return [];
  const kept = readKeep(keep, jsonOf(answer.text));
  // Of what was there before, only some vendors tell what it is.
  if (!kept && answer.outcome !== 'exists' && answer.outcome !== 'gone')
    throw new DriverError('transient', `${provider}: the answer came in a form we do not know`);
  return kept ?? [];
}

/** Texts and numbers only; undefined where one is missing. */
export function readKeep(keep: readonly Keep[], json: unknown): [string, string][] | undefined {
  const read = keep.map(({ name, pointer }): [string, unknown] => [name, pointer(json)]);
  const good = read.every(([, value]) => (typeof value === 'string' && value !== '') || typeof value === 'number');
  return good ? read.map(([name, value]) => [name, String(value)]) : undefined;
}

/** `key` and `id` are values of their own; the others stand under `kept`. */
export function withKept(values: Values, kept: readonly (readonly [string, string])[]): Values {
  const others = kept.filter(([name]) => name !== 'key' && name !== 'id');
  const named = kept.filter(([name]) => name === 'key' || name === 'id');
  return { ...values, ...Object.fromEntries(named), kept: { ...(values['kept'] as Values), ...Object.fromEntries(others) } };
}
