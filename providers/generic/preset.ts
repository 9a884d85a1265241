import { hash } from 'node:crypto';
import type { z } from 'zod';
import type { Secret } from '../../src/secret/secret.ts';
import type { IssueRequest, LimitReport, Usage } from '../driver.ts';

/** One HTTP request of a vendor's API, as data: what to send, and what each status means for this step. */
export interface Step {
  /** Completes "asked to …", in messages. */
  readonly what: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Made by `path`, so that every value in it is escaped. */
  readonly path: string;
  readonly body?: unknown;
  /** Sent as `Idempotency-Key`: the same for every repetition of this step, another for any other request. */
  readonly once?: string;
  readonly ok: readonly number[];
  /** It was there before: an earlier call got through. */
  readonly exists?: readonly number[];
  readonly gone?: readonly number[];
}

/** A vendor's key-management API. Pure: requests in our words go in, steps come out. */
export interface Preset {
  readonly limits: LimitReport;
  create(request: IssueRequest): Step;
  /** Everything that must be attached before the key may be handed out; order does not matter. */
  policies(request: IssueRequest): readonly Step[];
  /**
   * Create again under the same value with a new end; `exists` here means that the vendor cannot move it. A window that was there before is
   * another move, so each call is a request of its own.
   */
  retime(request: IssueRequest, requestId: string): Step;
  revoke(apiKey: Secret): Step;
  usage(apiKey: Secret): Step;
  readonly usageAnswer: z.ZodType<Usage>;
}

/** A path whose values cannot leave their segment. */
export function path(parts: TemplateStringsArray, ...values: readonly string[]): string {
  return String.raw({ raw: parts }, ...values.map(encodeURIComponent));
}

/** An idempotency key for one step of one key, safe as a header whatever the parts hold. */
export function onceFor(name: string, ...parts: readonly string[]): string {
  return `${name}-${hash('sha256', JSON.stringify(parts)).slice(0, 16)}`;
}
