import type { Life, Version } from './world.ts';

/** One request of the sender; times are simulated milliseconds. */
export interface Send {
  /** When it leaves. */
  readonly at: number;
  /** What it says of when it was sent: before that, where it was held up. */
  readonly stampedAt: number;
  readonly from: 'poller' | 'service';
  readonly why: 'event' | 'copy' | 'retry' | 'noise';
  readonly says: Says;
  /** Of a repetition because of a failure: how often it failed before. */
  readonly attempt?: number;
}

export type EntityType = 'EVENT_CREATED' | 'EVENT_UPDATED' | 'EVENT_DELETED';
export type ResourceType = 'RESOURCE_CREATED' | 'RESOURCE_UPDATED' | 'RESOURCE_STATUS_CHANGED' | 'RESOURCE_DELETED';

export type Says =
  /** The poller's: flat, with the person's name and address; or a list of such. */
  | {
      readonly kind: 'flat' | 'list';
      readonly type: 'EVENT_START' | 'EVENT_END';
      readonly life: Life;
      readonly version: Version;
    }
  /** The booking service's own record. */
  | { readonly kind: 'entity'; readonly type: EntityType; readonly life: Life; readonly version: Version }
  /** What becomes of the record when it could not be loaded. */
  | { readonly kind: 'sentence'; readonly type: EntityType; readonly life: Life }
  | { readonly kind: 'resource'; readonly type: ResourceType; readonly resource: string }
  | { readonly kind: 'test'; readonly type: 'ALL' };

/** What the receiver is never told, on purpose. */
export interface Lost {
  readonly type: string;
  readonly booking: number;
  readonly at: number;
}

export interface Script {
  readonly sends: readonly Send[];
  readonly lost: readonly Lost[];
}
