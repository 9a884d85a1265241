import { createHmac, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { verifyRequest } from '../../src/sources/auth/verify.ts';
import { hmacSha256 } from '../../src/secret/hmac.ts';
import { sourceOf } from '../fixtures/source.ts';

/*
 * Scenario 24: whether the time of a refusal tells how near a guess was. Measured as dudect does (Reparaz and others, 2017): two kinds of
 * guesses in random order, Welch's t-test over the times, without the slowest, which only the machine made.
 */

const ROUNDS = 60_000;
const PATIENT = 100;
const secret = randomBytes(32).toString('base64');
const body = Buffer.from('{"eventType":"EVENT_START","eventId":"1"}');
const digest = createHmac('sha256', secret).update(body).digest();
const source = sourceOf({ preset: 'cloud-resource-reservation', secrets: [secret] });

/** Right but for the last byte. */
const near = Array.from({ length: 200 }, (_, n) =>
  Buffer.concat([digest.subarray(0, 31), Buffer.from([(digest[31]! + 1 + n) % 256])]),
);
const far = Array.from({ length: 200 }, () => randomBytes(32));

test('the time in which a signature is refused does not tell how near it was', () => {
  const refuse = (guess: string) =>
    verifyRequest({ rawHeaders: ['X-Webhook-Signature', guess], body, now: new Date(0) }, source).ok;
  expect(smallest(refuse)).toBeLessThan(5);
});

test('a comparison that stops at the first difference would be noticed', () => {
  const refuse = (guess: string) => {
    const [given, want] = [Buffer.from(guess, 'base64'), hmacSha256(secret, body)];
    // Each byte many times over: a machine with a coarse clock must see it too.
    for (let at = 0; at < want.length * PATIENT; at += 1)
      if (given[Math.floor(at / PATIENT)] !== want[Math.floor(at / PATIENT)]) return false;
    return true;
  };
  expect(smallest(refuse)).toBeGreaterThan(5);
});

/** The least |t| of three runs: a leak is there each time, a disturbance is not. */
function smallest(refuse: (guess: string) => boolean): number {
  return Math.min(...Array.from({ length: 3 }, () => Math.abs(tOf(refuse))));
}

function tOf(refuse: (guess: string) => boolean): number {
  const kinds = [near, far].map((digests) => digests.map((bytes) => bytes.toString('base64')));
  const order = randomBytes(ROUNDS);
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    const kind = (order[round]! & 1) as 0 | 1;
    const guess = kinds[kind]![round % 200]!;
    const began = process.hrtime.bigint();
    const ok = refuse(guess);
    times[kind].push(Number(process.hrtime.bigint() - began));
    if (ok) throw new Error('a wrong signature was accepted');
  }
  const limit = times.flat().toSorted((a, b) => a - b)[Math.floor(ROUNDS * 0.9)]!;
  // The first rounds are those of a compiler that is still at work.
  const [a, b] = times.map((kind) => momentsOf(kind.slice(5000).filter((time) => time <= limit))) as [Moments, Moments];
  return (a.mean - b.mean) / Math.sqrt(a.variance / a.count + b.variance / b.count);
}

interface Moments {
  readonly count: number;
  readonly mean: number;
  readonly variance: number;
}

function momentsOf(times: readonly number[]): Moments {
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  const variance = times.reduce((sum, time) => sum + (time - mean) ** 2, 0) / (times.length - 1);
  return { count: times.length, mean, variance };
}
