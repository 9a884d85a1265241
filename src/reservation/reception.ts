/** How a source's requests are read and answered, apart from who signed them and what they say of bookings. */

export interface BodyRule {
  readonly kind: 'json' | 'form' | 'text' | 'cloudevents';
  /** In bytes, also of what a compressed one inflates to. */
  readonly largest: number;
  /** Levels of JSON. */
  readonly deepest: number;
  readonly contentEncoding: 'refuse' | 'gzip';
}

/** What is answered otherwise than an event is. None of them is recorded. */
export type Handshake =
  /** Microsoft Graph: a text in the address is sent back as it came, before anything is signed. */
  | { readonly kind: 'echo-query'; readonly parameter: string }
  /** A text in the signed body is sent back. */
  | { readonly kind: 'echo-field'; readonly match?: Condition; readonly field: Lookup }
  /** Zoom: a text in the signed body is sent back with its digest under the source's secret. */
  | { readonly kind: 'crc'; readonly match: Condition; readonly token: Lookup }
  /** CloudEvents HTTP 1.1 Web Hooks: whether a sender may send at all. */
  | { readonly kind: 'options'; readonly origins: readonly string[]; readonly rate?: number }
  /** A signed test of the connection. */
  | { readonly kind: 'ping'; readonly match: Condition };

/** An expression of the body. Pure; never throws: null where it says nothing. */
export interface Lookup {
  readonly text: string;
  of(document: unknown): unknown;
}

/** Whether a body is meant. Pure; never throws. */
export interface Condition {
  readonly text: string;
  holds(document: unknown): boolean;
}

/** HTTP statuses by outcome. What is refused for another reason is answered the same everywhere. */
export interface Answers {
  readonly accepted: number;
  readonly duplicate: number;
  readonly ignored: number;
  readonly quarantined: number;
  /** To the question whether a booking would be granted. */
  readonly granted: number;
  readonly refused: number;
}
