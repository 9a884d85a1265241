/** What people are told about a lease, and when it is the same news again. */

export const NOTICE_KINDS = ['issued', 'refused', 'failed', 'ending', 'extended', 'rotated', 'revoked', 'alert'] as const;
/**
 * issued   a key waits to be claimed     refused  the booking asks for more than its plan grants
 * failed   the provider cannot make it   ending   the window closes soon
 * extended the window moved              rotated  a new key waits; the old one ends with the overlap
 * revoked  the key is gone               alert    an operator should look (a second reveal, a debt); never goes to the holder
 */
export type NoticeKind = (typeof NOTICE_KINDS)[number];

/** What operators are told of a provider, and not of one lease. Goes to nobody else. */
export interface ProviderAlert {
  readonly provider: string;
  readonly reason: string;
  /** Once for the same news; what is before the first colon says what it is about. */
  readonly id: string;
}

/** What a rule of a project found about a lease or key. Goes to hooks that want alerts and to the people whom the rule names. */
export interface RuleAlert {
  readonly id: string;
  readonly project: string;
  readonly type: string;
  /** A lease, a key of a project, or `project:<name>`. */
  readonly subject: string;
  readonly reason: string;
  readonly severity: string;
  readonly value: number;
  readonly threshold: number;
  readonly channels: readonly ({ readonly kind: 'webhook' } | { readonly kind: 'email'; readonly to: readonly string[] })[];
}

/** Announced in the transaction that makes it true; the deliveries follow from the plan's channels. */
export interface Notice {
  readonly kind: NoticeKind;
  readonly leaseId: string;
  readonly keyId?: string;
  /** For people: why refused, failed or revoked. Safe to show to the holder. */
  readonly reason?: string;
  /** The same news twice has the same id, e.g. `issued:1` or `extended:2026-01-01T10:00:00.000Z`. */
  readonly id: string;
}
