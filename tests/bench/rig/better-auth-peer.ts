import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { apiKey } from '@better-auth/api-key';
import { betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { answerParent } from './child.ts';

/** better-auth's API keys behind bare `node:http`, since its `verifyApiKey` is for servers only. Nothing is refused: its limits are as high as ours. */

export const BETTER_AUTH_PEERS = ['better-auth, secondary storage in a Map', 'better-auth, memory adapter'] as const;
export type BetterAuthPeer = (typeof BETTER_AUTH_PEERS)[number];

type Row = Record<string, unknown>;

async function openAuth(peer: BetterAuthPeer, count: number) {
  const user: Row = { id: 'user-1', name: 'bench', email: 'bench@campus.example', emailVerified: true };
  const at = new Date();
  const database: Record<string, Row[]> = {
    user: [{ ...user, createdAt: at, updatedAt: at }],
    session: [],
    account: [],
    verification: [],
    apikey: [],
  };
  const entries = new Map<string, string>();
  const secondaryStorage = {
    get: async (key: string) => entries.get(key) ?? null,
    set: async (key: string, value: string) => void entries.set(key, value),
    delete: async (key: string) => void entries.delete(key),
    getAndDelete: async (key: string) => {
      const value = entries.get(key) ?? null;
      entries.delete(key);
      return value;
    },
    increment: async (key: string) => {
      const value = Number(entries.get(key) ?? 0) + 1;
      entries.set(key, String(value));
      return value;
    },
  };
  const usesMap = peer === BETTER_AUTH_PEERS[0];
  const auth = betterAuth({
    secret: 'a-secret-of-the-benchmark-with-enough-characters',
    baseURL: 'http://127.0.0.1',
    database: memoryAdapter(database),
    ...(usesMap ? { secondaryStorage } : {}),
    plugins: [
      apiKey({
        storage: usesMap ? 'secondary-storage' : 'database',
        rateLimit: { enabled: true, timeWindow: 1000, maxRequests: 100_000 },
      }),
    ],
  });
  const keys: string[] = [];
  for (let made = 0; made < count; made += 1)
    keys.push((await auth.api.createApiKey({ body: { userId: 'user-1', remaining: 1_000_000_000 } })).key);
  return { auth, keys };
}

if (import.meta.main) {
  const { auth, keys } = await openAuth(process.argv[2] as BetterAuthPeer, Number(process.argv[3]));
  const server = createServer((request, response) => {
    const asked = auth.api.verifyApiKey({ body: { key: String(request.headers['x-api-key']) } });
    void asked.then(({ valid, key }) => {
      const body = JSON.stringify({ valid, keyId: key?.id });
      response.writeHead(valid ? 200 : 401, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
    });
  });
  server.listen(0, '127.0.0.1', () => {
    answerParent({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, keys }, async () => ({}));
  });
}
