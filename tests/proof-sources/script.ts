import type { Message } from './sign.ts';

/** What one booking system sends about one booking. */
export interface Script {
  /** What its entry says beside the preset and the secret. */
  readonly entry?: object;
  readonly stories: readonly Story[];
  /** What it sends besides, none of which is news of a booking. */
  readonly noise?: readonly Sendable[];
  /** How a message differs when it is sent once more. Without it it does not. */
  readonly again?: (sent: Sent, at: Date) => Sendable;
}

/** One booking's life, in the order in which it happened. */
export interface Story {
  readonly name: string;
  readonly sends: readonly Sent[];
  /** Who has a key in the end, at which moment, as `holder@resource`. */
  readonly grants: readonly { readonly at: Date; readonly to: readonly string[] }[];
  /** Which of its messages say no time, so that they count as of their arrival: what is booked is the same, its versions are not. */
  readonly undated?: string;
}

/** A message before it is written and signed. A text is posted as it is, an object as JSON or as a form. */
export interface Sendable extends Omit<Message, 'body'> {
  readonly body: object | string;
}

export interface Sent extends Sendable {
  readonly name: string;
  /** When its system sends it. */
  readonly at: Date;
}

/** So many minutes after the story began. All of a story is sent within ten minutes, so that nothing counts as a replay. */
export type Clock = (minutes: number) => Date;

/** For tests that need no real time. */
export const clock: Clock = (minutes) => new Date(Date.UTC(2026, 2, 2, 9, 0) + minutes * 60_000);

/** As it is posted. */
export function written({ path, headers, body }: Sendable): Message {
  const form = Object.entries(headers ?? {}).some(([name, value]) => /content-type/i.test(name) && /form/.test(value));
  const text =
    typeof body === 'string'
      ? body
      : form
        ? new URLSearchParams(body as Record<string, string>).toString()
        : JSON.stringify(body);
  return { path, headers: { 'content-type': 'application/json', ...headers }, body: Buffer.from(text) };
}
