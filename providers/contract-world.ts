import { randomBytes } from 'node:crypto';
import { Secret } from '../src/secret/secret.ts';
import type { Call, Driver, DriverDefinition, Failure, IssueRequest, Tools } from './driver.ts';
import type { KeyManager } from './key-manager.ts';

/** Everything that can go wrong at a provider, and what the driver must call it. */
export const FAULTS = {
  'lost-answer': 'transient',
  refuse: 'transient',
  hang: 'transient',
  '500': 'transient',
  html: 'transient',
  'html-404': 'transient',
  '429-seconds': 'rate-limited',
  '429-date': 'rate-limited',
  '403': 'denied',
  '400': 'rejected',
} as const satisfies Record<string, Failure>;
export type FaultKind = keyof typeof FAULTS;
export const ALL_FAULTS = Object.keys(FAULTS) as FaultKind[];

export type FaultPlace = 'issue' | 'policy' | 'revoke' | 'retime' | 'usage' | 'list' | 'check';

/** What a fake's 429 asks for, in seconds and as a date. */
export const RETRY_AFTER_MS = 7000;

export interface LiveKey {
  readonly name: string;
  /** One line for each policy that is attached: the same line twice is a duplicate. */
  readonly policies: readonly string[];
  /** All the policies that this key should have. */
  readonly complete: boolean;
  /** Where the provider keeps an expiry. */
  readonly closesAt?: Date;
}

/** The provider's own state, read past the driver, and its fault switches. */
export interface World {
  liveKeys(): Promise<readonly LiveKey[]>;
  /** Whether a request with this key gets through at the provider's gateway, at NOW. */
  opensTheDoor(secret: Secret, request: { method: string; path: string }): Promise<boolean>;
  /** The next call of that place fails once; error bodies quote the request and the vendor's internals. */
  failNext(fault: { on: FaultPlace; how: FaultKind }): Promise<void>;
}

/** One driver on one fake provider. */
export interface Rig {
  readonly driver: Driver<unknown>;
  readonly world: World;
  /** By default the same request every time. */
  request(overrides?: Partial<IssueRequest>): IssueRequest;
  /** What no error may show besides the key: the management token, the vendor's own words. */
  readonly unspeakable: readonly string[];
  close(): Promise<void>;
}

export interface Subject {
  readonly name: string;
  readonly definition: DriverDefinition;
  open(): Promise<Rig>;
  /** The switches that this fake has; each is tried. */
  readonly faults: Partial<Record<FaultPlace, readonly FaultKind[]>>;
  /** Optional powers that this provider turns down: `rejected`, and nothing changed. */
  readonly turnsDown?: readonly 'retime'[];
}

/** The instant at which fakes live. */
export const NOW = new Date('2026-01-15T10:00:00.000Z');
export const hoursFromNow = (hours: number) => new Date(NOW.getTime() + hours * 3_600_000);

/** Two scopes on two endpoints, open now: GET and POST on /api/** and /labs/*, nothing else. */
export function sampleRequest(overrides: Partial<IssueRequest> = {}): IssueRequest {
  const { name = 'lk-lse-0001-g1' } = overrides;
  return {
    name,
    keyId: `key_${name}`,
    secret: SECRET,
    lease: 'lse_0001',
    reservation: { source: 'default', id: '101' },
    resource: { id: '1', name: 'lab-api', type: 'API Key' },
    holder: { id: 'user-7', name: 'ada' },
    scopes: ['read', 'submit'],
    methodsByScope: { read: ['GET'], submit: ['POST'] },
    endpoints: ['/api/**', '/labs/*'],
    quota: { limit: 1000, per: 'reservation' },
    rateLimit: { limit: 100, per: 'hour' },
    window: { opensAt: hoursFromNow(-1), closesAt: hoursFromNow(2) },
    ...overrides,
  };
}

/** Letters and digits only: a provider may allow no more. */
export const newSecret = () => new Secret(`temp${randomBytes(20).toString('hex')}`);
const SECRET = newSecret();

export function aCall(signal: AbortSignal = AbortSignal.timeout(20_000)): Call {
  return { signal, requestId: 'req-1', turn: async () => {}, keep: async () => {} };
}

const noKeys = new Proxy({} as KeyManager, {
  get() {
    throw new Error('only the built-in driver may use the key manager');
  },
});

export function toolsFor(provider: string, keys: KeyManager = noKeys): Tools {
  return { provider, keys, userAgent: 'latchkey-contract', lock: createLock() };
}

/** Of one process, and one provider. */
function createLock(): Tools['lock'] {
  const last = new Map<string, Promise<unknown>>();
  return (name, _signal, work) => {
    const next = (last.get(name) ?? Promise.resolve()).then(work, work);
    last.set(name, next);
    return next;
  };
}
