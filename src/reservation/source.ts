import type { Secret } from '../secret/secret.ts';
import type { AuthRule } from './auth-rule.ts';
import type { Event, EventType } from './event.ts';
import type { PollRule } from './poll-rule.ts';
import type { Answers, BodyRule, Handshake } from './reception.ts';
import type { Roster } from './roster.ts';

/** A reservation system: how it signs, how its messages become our words, where news goes back to. Read from the configuration, and data. */
export interface Source {
  readonly name: string;
  readonly project: string;
  /** The file of config/sources/ that it was built on, if it was. */
  readonly preset?: string;
  /** Empty only with LATCHKEY_INSECURE=1, or where the way of signing needs none. */
  readonly secrets: readonly SigningSecret[];
  /** Where its events are posted, as some signatures cover it. */
  readonly url: string;
  readonly auth: AuthRule;
  readonly body: BodyRule;
  readonly handshakes: readonly Handshake[];
  readonly answers: Answers;
  /** Of times that name none. */
  readonly timezone?: string;
  readonly mapping: Mapping;
  /** Where it is read, as it pushes nothing, or not all. */
  readonly poll?: PollRule;
  /** Whom its ids mean, its own or its project's. Looked up when somebody is told, so that a correction counts at once. */
  readonly roster?: Roster;
  /** The source's own endpoints for news about its bookings; named by the operator, so they may be private. */
  readonly callback?: {
    readonly notifications?: string;
    readonly log?: string;
    readonly timeoutMs: number;
    /** Of the log, where it is another. */
    readonly logTimeoutMs?: number;
  };
  /** A signed webhook (Standard Webhooks) for this source's leases. */
  readonly webhook?: { readonly url: string; readonly secret: Secret };
}

export type PolledSource = Source & { readonly poll: PollRule };

export interface SigningSecret {
  readonly secret: Secret;
  /** Not accepted from then on; for rotation. */
  readonly notAfter?: Date;
}

/** How a source's documents become our words: compiled from its `map` when the configuration is read. Pure; never throws. */
export interface Mapping {
  /** Headers that its expressions read, in lower case. */
  readonly headers: readonly string[];
  /** Whether they read what a document was posted to below its source. */
  readonly readsPath: boolean;
  /** Every observation in the document, one item each, at least one. One bad item leaves its siblings as they are. */
  map(document: unknown, context: MappingContext): readonly MappedItem[];
  /** The same, with turns for others in between, where a long list needs more work than may be done at once. */
  mapInTurns(document: unknown, context: MappingContext): Promise<readonly MappedItem[]>;
  /**
   * Of a document that asks beforehand: each booking that it asks about, as it would be. Undefined for news, which `map` is for. Not there
   * where no rule is for such documents.
   */
  questions?(document: unknown, context: MappingContext): readonly Question[] | undefined;
}

/** Whether a booking would be granted; or why it cannot be understood, without what was sent. */
export type Question = { readonly ok: true; readonly event: Event } | { readonly ok: false; readonly reason: string };

export interface MappingContext {
  /** When it was received, also when it is mapped again later. */
  readonly now: Date;
  readonly signedId?: string;
  readonly sentAt?: Date;
  /** The fingerprint of the secret that it was signed with. */
  readonly signedWith?: string;
  /** Those of `Mapping.headers` that came. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What stood behind the source's name in the path it was posted to, e.g. `check-create`; empty without. */
  readonly path?: string;
  /** The document is all that there is: a list that is not in it is a mistake, and no empty list. */
  readonly list?: true;
  /** Work that it may take, where that is more than one message may while others wait. */
  readonly units?: number;
}

/** `dedupe` is the same for whatever means the same: an item is recorded once, however often it is sent. */
export type MappedItem =
  | { readonly outcome: 'accepted'; readonly dedupe: string; readonly event: Event }
  | {
      readonly outcome: 'ignored';
      readonly dedupe: string;
      readonly reason: string;
      readonly type?: EventType;
      readonly externalId?: string;
    }
  | {
      readonly outcome: 'quarantined';
      readonly dedupe: string;
      /** Field, expression and what is wrong; never what was sent. */
      readonly reason: string;
      /** With what was sent, shortened; for whoever may see it. */
      readonly problems: readonly MappingProblem[];
      readonly type?: EventType;
      readonly externalId?: string;
      /** What to map again: the smallest document that holds this item. */
      readonly document: unknown;
    };

/** Why an observation could not be read. */
export interface MappingProblem {
  /** Like `map[0].fields.startsAt`. */
  readonly at: string;
  readonly expression?: string;
  readonly value?: string;
  readonly reason: string;
}
