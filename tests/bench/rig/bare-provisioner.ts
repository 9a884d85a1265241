import { Agent, request } from 'node:http';
import type { IssueRequest } from '../../../providers/driver.ts';
import type { Wire } from '../../../providers/generic/client.ts';
import { loadPreset } from '../../../providers/generic/preset-file.ts';
import { requestValues } from '../../../providers/generic/values.ts';
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

const seed = loadPreset('seed');
let keys = 0;

async function provision({ url, token, bookings, slots }: BareAsk): Promise<BareAnswer> {
  const agent = new Agent({ keepAlive: true, maxSockets: 512 });
  const firstAt = performance.timeOrigin + performance.now();
  let left = bookings;
  const work = async (): Promise<void> => {
    while (left-- > 0) {
      const values = { tables: seed.tables, ...requestValues(requestOf(++keys)) };
      for (const group of seed.issue) {
        const wires = group.flatMap((step) => step.rounds(values).map((round) => step.wire(round, 'bench')));
        await Promise.all(wires.map((wire) => send(wire, { url, token, agent })));
      }
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

function send(wire: Wire, to: { url: string; token: string; agent: Agent }): Promise<void> {
  const body = JSON.stringify(wire.body);
  const headers = {
    ...wire.headers,
    authorization: `Bearer ${to.token}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  };
  return new Promise((resolve, reject) => {
    const sent = request(`${to.url}${wire.path}`, { method: wire.method, agent: to.agent, headers }, (response) => {
      response.resume().on('end', () => {
        if (wire.meanings.get(response.statusCode ?? 0) === 'ok') resolve();
        else reject(new Error(`${wire.ask}: ${response.statusCode}`));
      });
    });
    sent.on('error', reject).end(body);
  });
}

if (import.meta.main) answerParent({ ready: true }, provision);
