import { Agent, request } from 'node:http';
import type { IssueRequest } from '../../../providers/driver.ts';
import type { Step } from '../../../providers/generic/preset.ts';
import { seed } from '../../../providers/generic/presets/seed.ts';
import { Secret } from '../../../src/secret/secret.ts';
import { answerParent, openChild, type Child } from './child.ts';

/** The same HTTP calls in a bare loop: a number of workers, the policies of a key in parallel, nothing kept, nothing checked but the status. */

export interface BareAsk {
  readonly url: string;
  readonly token: string;
  readonly bookings: number;
  readonly slots: number;
}
export interface BareAnswer {
  readonly firstAt: number;
  readonly lastAt: number;
}

export async function openBareProvisioner(): Promise<Child<BareAsk, BareAnswer>> {
  return (await openChild<BareAsk, BareAnswer>('bare-provisioner.ts')).child;
}

let keys = 0;

async function provision({ url, token, bookings, slots }: BareAsk): Promise<BareAnswer> {
  const agent = new Agent({ keepAlive: true, maxSockets: 512 });
  const firstAt = performance.timeOrigin + performance.now();
  let left = bookings;
  const work = async (): Promise<void> => {
    while (left-- > 0) {
      const wanted = requestOf(++keys);
      await send(seed.create(wanted), { url, token, agent });
      await Promise.all(seed.policies(wanted).map((step) => send(step, { url, token, agent })));
    }
  };
  await Promise.all(Array.from({ length: slots }, work));
  agent.destroy();
  return { firstAt, lastAt: performance.timeOrigin + performance.now() };
}

function requestOf(number: number): IssueRequest {
  const methodsByScope = { read: ['GET'] };
  return {
    name: `bare-${process.pid}-${number}`,
    keyId: `key_bare-${process.pid}-${number}`,
    secret: new Secret(`temp_bare-key-of-the-benchmark-${process.pid}-${number}`),
    lease: `bare-${number}`,
    reservation: { source: 'default', id: String(number) },
    resource: { id: '1', name: 'Lab Server 1', type: 'API Key' },
    holder: { id: `user-${number}`, name: `user-${number}` },
    scopes: ['read'],
    methodsByScope,
    endpoints: ['/**'],
    quota: { limit: 500, per: 'reservation' },
    rateLimit: { limit: 100, per: 'hour' },
    window: { opensAt: new Date(), closesAt: new Date(Date.now() + 7_200_000) },
  };
}

function send(step: Step, to: { url: string; token: string; agent: Agent }): Promise<void> {
  const body = JSON.stringify(step.body);
  const headers = {
    authorization: `Bearer ${to.token}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...(step.once && { 'idempotency-key': step.once }),
  };
  return new Promise((resolve, reject) => {
    const sent = request(`${to.url}${step.path}`, { method: step.method, agent: to.agent, headers }, (response) => {
      response.resume().on('end', () => {
        if (step.ok.includes(response.statusCode ?? 0)) resolve();
        else reject(new Error(`${step.what}: ${response.statusCode}`));
      });
    });
    sent.on('error', reject).end(body);
  });
}

if (import.meta.main) answerParent({ ready: true }, provision);
