import { DriverError, type Call, type Driver, type Exchange, type IssueRequest, type KeyRef } from '../../providers/driver.ts';
import { Secret } from '../secret/secret.ts';
import type { Action, Caller } from './call.ts';
import { masker } from './exchange.ts';
import { Postponed } from './gate.ts';

export interface TrialStep {
  readonly name: string;
  readonly ok: boolean;
  /** What the provider answered, or why it failed. */
  readonly says: string;
  readonly ms: number;
  /** With nothing secret in them; empty where the driver tells none. */
  readonly exchanges: readonly Exchange[];
}

/** One call; answers what people are told of it, or what is wrong with the answer. */
export type Work = (driver: Driver<unknown>, call: Call) => Promise<string | { readonly wrong: string }>;

export interface Ended {
  readonly ok: boolean;
  readonly says: string;
  /** When it is worth trying again. */
  readonly retryAfterMs?: number;
}

/** One throw-away key on its way through its provider. */
export interface Run {
  readonly request: IssueRequest;
  /** What is known of the key by now. */
  ref(): KeyRef<unknown>;
  learn(more: { readonly handle?: unknown; readonly secret?: Secret }): void;
  step(name: string, action: Action, work: Work): Promise<Ended>;
  pause(ms: number): Promise<unknown>;
  /** The provider was asked to make the key, whatever came of it. */
  begun(): boolean;
  steps(): readonly TrialStep[];
}

export interface RunOptions {
  readonly call: Caller;
  readonly provider: string;
  readonly request: IssueRequest;
  readonly wait: (ms: number) => Promise<unknown>;
}

export function startRun({ call, provider, request, wait }: RunOptions): Run {
  const steps: TrialStep[] = [];
  const secrets = [request.secret];
  let ref: KeyRef<unknown> = { name: request.name, handle: null, secret: request.secret };
  let begun = false;
  const learn: Run['learn'] = ({ handle = ref.handle, secret = ref.secret }) => {
    ref = { ...ref, handle, secret };
    secrets.push(...(secret ? [secret] : []), ...secretsIn(handle));
  };

  async function step(name: string, action: Action, work: Work): Promise<Ended> {
    const exchanges: Exchange[] = [];
    const began = performance.now();
    const ended = await call(
      provider,
      action,
      async ({ driver }, surroundings) => {
        begun ||= action === 'issue';
        return await work(driver, { ...surroundings, trace: (exchange) => void exchanges.push(exchange) });
      },
      async (handle) => learn({ handle }),
    ).then(endOf, failureOf);
    const { ok, says } = ended;
    steps.push({ name, ok, says, ms: Math.round(performance.now() - began), exchanges });
    return ended;
  }

  return {
    request,
    ref: () => ref,
    learn,
    step,
    pause: wait,
    begun: () => begun,
    // Some secrets are known only at the end.
    steps: () => steps.map((one) => ({ ...one, exchanges: one.exchanges.map(masker(secrets)) })),
  };
}

function endOf(answer: Awaited<ReturnType<Work>>): Ended {
  return typeof answer === 'string' ? { ok: true, says: answer } : { ok: false, says: answer.wrong };
}

function failureOf(error: unknown): Ended {
  if (error instanceof Postponed) return { ok: false, says: `${error.message}; not asked`, retryAfterMs: error.retryAfterMs };
  if (!(error instanceof DriverError)) throw error;
  return { ok: false, says: `${error.message} (${error.kind})`, retryAfterMs: error.retryAfterMs };
}

function secretsIn(handle: unknown): Secret[] {
  if (handle instanceof Secret) return [handle];
  return typeof handle === 'object' && handle !== null ? Object.values(handle).flatMap(secretsIn) : [];
}
