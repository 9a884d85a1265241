import type { Secret } from '../../secret/secret.ts';

/** Signed events as reservation systems post them, to try a configuration out. */

export const SAMPLE_TYPES = ['created', 'updated', 'started', 'ended', 'cancelled', 'test'] as const;
export type SampleType = (typeof SAMPLE_TYPES)[number];

/** The same as people say it. */
export const SAID = {
  create: 'created',
  update: 'updated',
  start: 'started',
  end: 'ended',
  cancel: 'cancelled',
} as const satisfies Readonly<Record<string, SampleType>>;

export interface Sample {
  readonly type: SampleType;
  readonly booking: string;
  readonly resource: string;
  readonly resourceType: string;
  readonly email: string;
  readonly startsAt: Date;
  readonly endsAt: Date;
  /** In the words of our own format: scopes, quota, rateLimit, expirationHours, endpoints. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

export interface SignedSample {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Signing {
  readonly secret: Secret;
  readonly now: Date;
  /** Where it is posted, which some signatures cover. */
  readonly url: string;
}

/** Throws `Untold` for what the system never sends, or what the secret is wrong for. */
export type Build = (sample: Sample, signing: Signing) => SignedSample;

/** A system that sends nothing of the kind. */
export class Untold extends Error {
  constructor(system: string, instead: string) {
    super(`${system} tells no such thing: ${instead}`);
    this.name = 'Untold';
  }
}

export function userOf({ email }: Sample): string {
  return email.split('@', 1)[0]!;
}
