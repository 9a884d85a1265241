import { createHash } from 'node:crypto';
import { canonical } from '../reservation/canonical.ts';
import type { Event } from '../reservation/event.ts';
import type { Source } from '../reservation/policy.ts';
import type { Secret } from '../secret/secret.ts';
import type { SignedRequest } from './signature.ts';

/** How a source signs and how its JSON becomes our words. A preset reads no clock, keeps no state and stores nothing. */
export interface Preset {
  readonly id: string;
  /** What a secret of such a source must look like; without it, any. */
  readonly secretForm?: { readonly fits: (secret: Secret) => boolean; readonly words: string };
  /** Looks at headers and raw bytes only; called before anything is parsed, and only for sources that have a secret. */
  verify(request: SignedRequest, source: Source): Verified;
  /** Every observation in the document, one item each, at least one. One bad item leaves its siblings as they are. */
  map(parsed: unknown, context: MappingContext): readonly MappedItem[];
}

export type Verified =
  | {
      readonly ok: true;
      readonly secretIndex: number;
      /** Only where it is signed. */ readonly id?: string;
      readonly sentAt?: Date;
    }
  | { readonly ok: false; readonly reason: string };

export interface MappingContext {
  /** When it was received, also when it is mapped again later. */
  readonly now: Date;
  readonly signedId?: string;
  readonly sentAt?: Date;
  /** The fingerprint of the secret that it was signed with. */
  readonly signedWith?: string;
}

/** `dedupe` is the same for whatever means the same: an item is recorded once, however often it is sent. */
export type MappedItem =
  | { readonly outcome: 'accepted'; readonly dedupe: string; readonly event: Event }
  | {
      readonly outcome: 'ignored';
      readonly dedupe: string;
      readonly reason: string;
      readonly type?: string;
      readonly externalId?: string;
    }
  | {
      readonly outcome: 'quarantined';
      readonly dedupe: string;
      readonly reason: string;
      readonly type?: string;
      readonly externalId?: string;
      /** What to map again: the smallest document that holds this item. */
      readonly document: unknown;
    };

/** Names content, whatever the order of its members. */
export function contentHash(content: unknown): string {
  return createHash('sha256').update(canonical(content)).digest('hex');
}

/**
 * Names what an event says. What changes from one sending to the next is not part of it: `version` (unless it is the source's
 * own `updatedAt`), and `reply`. So a re-stamped copy is the same event, and a real change is another.
 */
export function meaningOf(event: Event, updatedAt: Date | undefined): string {
  const { version: _version, reply: _reply, ...content } = event;
  return `${event.type}:${event.reservationId}:${contentHash({ ...content, updatedAt })}`;
}
