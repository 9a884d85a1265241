import { setTimeout as wait } from 'node:timers/promises';
import type { LeaseAnswer } from '../answers.ts';
import type { Api } from '../api.ts';
import { reach } from '../reach.ts';
import { cloudResourceReservation } from '../samples/cloud-resource-reservation.ts';
import type { Sample } from '../samples/sample.ts';
import type { LabApi } from './lab-api.ts';
import { BrokenPromise } from './narrator.ts';
import type { Stage } from './stage.ts';

/** What the people and machines of the demo do: book, call an API, open a claim link, look, wait. */

const TIMEOUT_MS = 5000;

export interface Posted {
  readonly status: number;
  readonly answer: { readonly status?: string };
}

/** What the reservation system posts. */
export async function post({ webhook, secret }: Stage, sample: Sample): Promise<Posted> {
  const { headers, body } = cloudResourceReservation(sample, { secret, now: new Date(), url: webhook });
  const { status, json } = await reach(webhook, { method: 'POST', headers, body, timeoutMs: TIMEOUT_MS });
  return { status, answer: json ?? {} };
}

export interface Call {
  readonly key: string;
  readonly path: string;
  readonly method?: string;
}

export async function ask(lab: LabApi, { key, path, method = 'GET' }: Call): Promise<{ status: number; code: string }> {
  const { status, json } = await reach(`${lab.url}${path}`, { method, headers: { 'x-api-key': key }, timeoutMs: TIMEOUT_MS });
  return { status, code: (json as { code: string }).code };
}

/** Opens a claim link as a program does. Without the right confirmation, or a second time, there is no key in the answer. */
export async function claim(link: string, confirmation: string): Promise<string | undefined> {
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  const body = JSON.stringify({ confirmation });
  const { json } = await reach(link, { method: 'POST', headers, body, timeoutMs: TIMEOUT_MS });
  return (json as { key?: string } | undefined)?.key;
}

/** The demo has one. */
export async function theLease(api: Api): Promise<LeaseAnswer> {
  const { items } = await api.list<LeaseAnswer>('/leases', {}, 1);
  if (!items[0]) throw new BrokenPromise('there is no lease');
  return items[0];
}

/** Looks again until there is something, at most ten seconds. */
export async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (let waited = 0; waited < 10_000; waited += 50) {
    const seen = await look();
    if (seen !== undefined) return seen;
    await wait(50);
  }
  throw new BrokenPromise(`${what} did not come within ten seconds`);
}
