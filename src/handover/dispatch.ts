import type { DeliveryRow } from '../ledger/schema.ts';
import type { Source } from '../reservation/source.ts';
import type { Facts } from './facts.ts';
import type { RuleAlert } from '../reservation/notice.ts';
import type { Message } from './message.ts';

/**
 * What a delivery carries of a claim. `link`: the news with the link. `code`: the confirmation code, by another channel than the link.
 * `news`: neither.
 */
export const PARTS = ['link', 'code', 'news'] as const;
export type Part = (typeof PARTS)[number];

/** Kept with a delivery; the message is composed from it when it is sent. Never a secret. */
export interface DeliveryBody extends Record<string, unknown> {
  readonly part: Part;
  readonly keyId?: string;
  readonly reason?: string;
  /** What an alert is about that concerns no lease. */
  readonly provider?: string;
  readonly alert?: Omit<RuleAlert, 'reason' | 'channels'>;
  /** Where the code of a link comes from: another channel, or an operator. */
  readonly codeBy?: string;
  /** When it became true, ISO. */
  readonly at: string;
}

/** One attempt of one delivery. */
export interface Dispatch {
  readonly delivery: DeliveryRow;
  readonly body: DeliveryBody;
  readonly facts: Facts;
  readonly source: Source | undefined;
  readonly message: Message;
  readonly now: Date;
}

export type Outcome =
  | { readonly sent: true; readonly status?: number }
  | {
      readonly sent: false;
      readonly error: string;
      readonly status?: number;
      readonly retryAfterMs?: number;
      /** Trying again cannot help. */
      readonly final?: boolean;
      /** Nobody needs it any more, so nobody need hear that it failed. */
      readonly moot?: boolean;
    };

export type Send = (dispatch: Dispatch) => Promise<Outcome>;

/** How an answer is judged: 2xx is delivered, 410 ends it, all else is tried again. */
export function outcomeOf(answer: { status: number; retryAfterMs?: number }): Outcome {
  if (answer.status >= 200 && answer.status < 300) return { sent: true, status: answer.status };
  return {
    sent: false,
    status: answer.status,
    error: `answered ${answer.status}`,
    ...(answer.retryAfterMs === undefined ? {} : { retryAfterMs: answer.retryAfterMs }),
    ...(answer.status === 410 ? { final: true } : {}),
  };
}
