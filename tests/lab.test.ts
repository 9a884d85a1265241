import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { NO_MEMORY, tryOut } from '../src/lab/lab.ts';
import { reportOf } from '../src/lab/report.ts';
import { readSamples, type Sample } from '../src/lab/sample.ts';
import type { OpenProvider } from '../src/lease/call.ts';
import type { Plan } from '../src/reservation/plan.ts';
import { builtin } from '../providers/builtin/driver.ts';
import { openDriver } from '../src/open-driver.ts';
import { plan } from './fixtures/plan.ts';
import { sourceOf } from './fixtures/source.ts';
import { policyWith } from './intake-house.ts';

const SECRET = 'a-secret-of-the-equipment-desk-0001';
const AT = new Date('2026-01-01T08:00:00Z');

const equipment = {
  auth: { hmac: { algorithm: 'sha256', header: 'x-signature', prefix: 'v1=', signed: '{body}', encoding: 'hex' } },
  secrets: ['an-older-secret-of-the-desk-0000000', SECRET],
  timezone: 'Europe/Rome',
  map: [
    {
      match: { expr: 'kind', in: ['booked', 'moved'] },
      action: 'created',
      forEach: 'slots',
      fields: {
        reservationId: 'item.ref',
        resource: 'machine',
        startsAt: 'datetime(item.day, item.from)',
        endsAt: 'datetime(item.day, item.to)',
        holderId: 'user.id',
        holderEmail: 'user.mail',
        scopes: 'wants',
        version: 'changed',
      },
    },
    { match: { expr: 'kind', in: ['dropped'] }, action: 'cancelled', fields: { reservationId: 'ref' } },
    { match: { expr: 'kind', in: ['hello'] }, action: 'ignore', reason: 'a greeting' },
  ],
};

const source = sourceOf(equipment, { name: 'equipment' });
const slot = { ref: 'B1', day: '2026-01-01', from: '10:00', to: '12:00' };
const booked = { kind: 'booked', machine: 'lab-1', user: { id: 'u7', mail: 'ada@example.org' }, changed: 1, slots: [slot] };

function sampleOf(document: unknown, change: Partial<Sample> = {}): Sample {
  const body = Buffer.from(typeof document === 'string' ? document : JSON.stringify(document));
  return { receivedAt: AT, method: 'POST', path: '', query: '', body, redacted: false, ...change };
}

const IDLE = { keys: {} as never, userAgent: 'latchkey', lock: async () => ({}) as never };
function provider(name: string): OpenProvider | undefined {
  if (name !== 'local') return undefined;
  const entry = { name, driver: 'builtin', inventory: 'report', strays: 'report', verify: false, config: {} } as const;
  return { name, driver: openDriver(entry, builtin, IDLE), parseHandle: (stored) => stored };
}

async function lab(samples: readonly Sample[], { plans = [plan], smtp = true, now = AT }: Partial<LabOf> = {}) {
  const policy = policyWith({ sources: { equipment: source }, plans });
  const lens = { policy: () => policy, providers: provider, now: () => now, smtp };
  return reportOf(await tryOut(source, samples, { lens, memory: NO_MEMORY }));
}

interface LabOf {
  readonly plans: readonly Plan[];
  readonly smtp: boolean;
  readonly now: Date;
}

const signed = (document: unknown, secret = SECRET): Sample => {
  const sample = sampleOf(document);
  return {
    ...sample,
    rawHeaders: ['X-Signature', `v1=${createHmac('sha256', secret).update(sample.body).digest('hex')}`],
  };
};

describe('the signature', () => {
  test('is judged by the headers, and says which secret it was', async () => {
    const { samples, ok } = await lab([signed(booked)]);
    expect([samples[0]!.signature, ok]).toMatchObject([{ verdict: 'accepted', reason: null, secret: 2 }, true]);
  });

  test('that does not match is no reason to stop, but nothing is in order', async () => {
    const report = await lab([signed(booked, 'another-secret')]);
    expect(report.samples[0]!.signature).toMatchObject({
      verdict: 'refused',
      reason: 'the signature does not match',
      secret: null,
    });
    expect([report.samples[0]!.observations.length, report.ok]).toEqual([1, false]);
    expect(report.samples[0]!.signature.expected).toContain('the header x-signature');
    const digest = createHmac('sha256', SECRET).update(JSON.stringify(booked)).digest('hex');
    for (const never of [SECRET, digest]) expect(JSON.stringify(report)).not.toContain(never);
  });

  test('is not judged without headers', async () => {
    const report = await lab([sampleOf(booked)]);
    expect([report.samples[0]!.signature.verdict, report.ok]).toEqual(['unsigned', true]);
  });
});

describe('the observations', () => {
  test('are accepted with their fields, ignored with a reason, or quarantined with expression, value and reason, each by itself', async () => {
    const two = { ...booked, slots: [slot, { ...slot, ref: { odd: true } }] };
    const { samples, ok } = await lab([sampleOf(two), sampleOf({ kind: 'hello' }), sampleOf('{"kind":')]);
    const [first, second, third] = samples;
    expect(first!.observations).toMatchObject([
      {
        outcome: 'accepted',
        type: 'created',
        booking: 'B1',
        said: { resource: { id: 'lab-1' }, holders: [{ id: 'u7' }], startsAt: '2026-01-01T09:00:00.000Z' },
      },
      {
        outcome: 'quarantined',
        problems: [{ at: 'map[0].fields.reservationId', expression: 'item.ref', value: '{"odd":true}' }],
      },
    ]);
    expect(second!.observations).toMatchObject([{ outcome: 'ignored', reason: 'a greeting' }]);
    expect(third).toMatchObject({ body: { problem: 'not valid JSON' }, observations: [] });
    expect(ok).toBe(false);
  });

  test('of several samples add up, in any order', async () => {
    const events = [sampleOf(booked), sampleOf({ kind: 'dropped', ref: 'B1' })];
    for (const order of [events, events.toReversed()]) {
      const { bookings } = await lab(order);
      expect(bookings).toMatchObject([{ booking: 'B1', closed: 'cancelled', leases: [], problem: null }]);
    }
  });
});

describe('a handshake', () => {
  const zoom = sourceOf(
    {
      ...equipment,
      handshake: [
        { crc: { match: { expr: 'event', in: ['validate'] }, token: 'token' } },
        { echo: { query: 'validationToken' } },
        { ping: { match: { expr: 'kind', in: ['ping'] } } },
      ],
    },
    { name: 'equipment' },
  );
  const answers = async (sample: Sample) => {
    const policy = policyWith({ sources: { equipment: zoom } });
    const lens = { policy: () => policy, providers: provider, now: () => AT, smtp: false };
    return reportOf(await tryOut(zoom, [sample], { lens, memory: NO_MEMORY }));
  };

  test('is told as one, and no event; its answer is described and never shown', async () => {
    const report = await answers(signed({ event: 'validate', token: 'abc' }));
    expect(report.samples[0]).toMatchObject({
      handshake: { status: 200, answer: 'plainToken and encryptedToken' },
      observations: [],
    });
    expect(JSON.stringify(report)).not.toContain(createHmac('sha256', SECRET).update('abc').digest('hex'));
    const asked = await answers(sampleOf('', { query: 'validationToken=xyz' }));
    expect([asked.samples[0]!.handshake, asked.ok]).toEqual([{ status: 200, answer: 'the text of the address' }, true]);
    expect((await answers(sampleOf({ kind: 'ping' }))).samples[0]).toMatchObject({ handshake: { status: 202 } });
    expect((await answers(sampleOf(booked))).samples[0]!.handshake).toBeNull();
  });
});

describe('a question beforehand', () => {
  const asking = sourceOf(
    { ...equipment, map: [{ ...equipment.map[0], match: { expr: 'kind', in: ['may'] }, action: 'check' }, ...equipment.map] },
    { name: 'equipment' },
  );
  const asked = async (document: object) => {
    const policy = policyWith({ sources: { equipment: asking } });
    const lens = { policy: () => policy, providers: provider, now: () => AT, smtp: false };
    return reportOf(await tryOut(asking, [sampleOf(document)], { lens, memory: NO_MEMORY }));
  };

  test('is answered as the plans would grant it, and is no event', async () => {
    const may = await asked({ ...booked, kind: 'may' });
    expect(may.samples[0]).toMatchObject({ handshake: { status: 204, answer: 'the key would be given' }, observations: [] });
    expect([may.bookings, may.ok]).toEqual([[], true]);
    const not = await asked({ ...booked, kind: 'may', wants: ['admin'] });
    expect(not.samples[0]!.handshake).toMatchObject({ status: 403, answer: expect.stringContaining('scope "admin"') });
  });
});

describe('the plans', () => {
  const laser = { ...plan, name: 'laser', match: { resource: 'laser-*' } };
  const desk = { ...plan, name: 'desk', match: { resource: 'lab-*', resourceType: 'desk' } };

  test('that do not match are told with the glob that did not, up to the one that does', async () => {
    const { bookings } = await lab([sampleOf(booked)], { plans: [laser, { ...plan, match: { resource: 'lab-?' } }, desk] });
    expect(bookings[0]!.plans).toEqual([
      { plan: 'laser', matches: false, why: ['resource "laser-*" does not match "lab-1"'] },
      { plan: 'lab', matches: true, why: ['resource "lab-?" matches "lab-1"'] },
    ]);
  });

  test('are all told where none matches', async () => {
    const other = { ...plan, name: 'other', project: 'chem' };
    const { bookings } = await lab([sampleOf(booked)], { plans: [laser, desk, other] });
    expect(bookings[0]).toMatchObject({
      problem: 'no plan matches resource "lab-1" (id lab-1, type "")',
      leases: [],
      plans: [
        { plan: 'laser', why: ['resource "laser-*" does not match "lab-1"'] },
        { plan: 'desk', why: ['resourceType "desk" does not match ""'] },
        { plan: 'other', why: ['it is of project chem, the source of default'] },
      ],
    });
  });
});

test('a sample that was refused when it was recorded is refused still: its signature is gone', async () => {
  const arrival = { outcome: 'refused', reason: 'the signature does not match' };
  const { ok, samples } = await lab([sampleOf(booked, { redacted: true, rawHeaders: [], arrival })]);
  expect([ok, samples[0]!.signature]).toMatchObject([false, { verdict: 'refused', reason: 'when it was recorded' }]);
  const accepted = await lab([
    sampleOf(booked, { redacted: true, rawHeaders: [], arrival: { outcome: 'accepted', reason: null } }),
  ]);
  expect([accepted.ok, accepted.samples[0]!.signature.verdict]).toEqual([true, 'removed']);
});

describe('a lease', () => {
  const mailed = { ...plan, handover: { by: ['email'], confirm: 'email' } } as const;

  test('is told with its window, its rights, how its holder is told, and what happens when', async () => {
    const [lease] = (await lab([sampleOf(booked)], { plans: [mailed] })).bookings[0]!.leases;
    expect(lease).toMatchObject({
      id: null,
      holder: { id: 'u7', email: 'ada@example.org' },
      plan: 'lab',
      state: 'pending',
      opensAt: new Date('2026-01-01T09:00:00Z'),
      closesAt: new Date('2026-01-01T11:00:00Z'),
      grant: { scopes: ['read'], methods: ['GET'], quota: { limit: 1000, per: 'reservation' } },
      refused: [],
      told: { by: ['email'], confirm: 'email', codeBy: null },
      wakeAt: new Date('2026-01-01T08:45:00Z'),
    });
    expect(lease!.next.map(({ at, does }) => `${at.toISOString()} ${does}`)).toEqual([
      '2026-01-01T08:45:00.000Z issue',
      '2026-01-01T09:00:00.000Z opens',
      '2026-01-01T10:45:00.000Z ending',
      '2026-01-01T11:00:00.000Z revoke',
    ]);
  });

  test('that asks for more than the plan grants is refused with the reasons', async () => {
    const [lease] = (await lab([sampleOf({ ...booked, wants: ['read', 'admin'] })])).bookings[0]!.leases;
    const why = 'scope "admin" is not granted by plan lab; allowed: read, write';
    expect(lease).toMatchObject({ state: 'refused', reason: why, refused: [why], grant: null, next: [] });
  });

  test('without a mail server waits for an operator', async () => {
    const [lease] = (await lab([sampleOf(booked)], { plans: [mailed], smtp: false })).bookings[0]!.leases;
    expect(lease!.told.by).toEqual([]);
  });

  test('of a booking that is over makes no key; asked as of then it does', async () => {
    const late = await lab([sampleOf(booked)], { now: new Date('2026-02-01T00:00:00Z') });
    expect(late.bookings[0]!.leases[0]).toMatchObject({ state: 'revoked', reason: 'the window closed', next: [] });
    const [then] = (await lab([sampleOf(booked)], { now: new Date('2026-01-01T10:00:00Z') })).bookings[0]!.leases;
    expect(then!.next.map(({ does }) => does)).toEqual(['issue', 'ending', 'revoke']);
  });

  test('that rotates shows each key and the end of the one before', async () => {
    const rotating = { ...plan, rotation: { everyMs: 3_600_000, overlapMs: 600_000 } };
    const [lease] = (await lab([sampleOf(booked)], { plans: [rotating] })).bookings[0]!.leases;
    expect(lease!.next.map(({ at, does }) => `${at.toISOString().slice(11, 16)} ${does}`)).toEqual([
      '08:45 issue',
      '09:00 opens',
      '09:45 issue',
      '09:55 revoke',
      '10:45 ending',
      '10:45 issue',
      '10:55 revoke',
      '11:00 revoke',
    ]);
  });
});

describe('a file', () => {
  test('that says nothing of samples is one body, byte for byte', () => {
    const bytes = Buffer.from(' {"kind": "hello"}\n');
    expect(readSamples(bytes, { receivedAt: AT, name: 'a' })).toMatchObject([{ name: 'a', body: bytes, path: '' }]);
    expect(readSamples(bytes, { receivedAt: AT })[0]).not.toHaveProperty('rawHeaders');
  });

  test('of samples that lack a body, or have a time that is none, is refused', () => {
    const of = (one: object) => () =>
      readSamples(Buffer.from(JSON.stringify({ $samples: [one] })), { receivedAt: AT, name: 'a' });
    expect(of({})).toThrow('a has no body');
    expect(of({ body: '', receivedAt: 'soon' })).toThrow('a has a receivedAt that is no instant');
  });
});
