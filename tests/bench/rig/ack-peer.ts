import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import express from 'express';
import { Pool } from 'pg';
import { durableFs, installFsync } from '../../../src/ledger/fsync.ts';
import { answerParent } from './child.ts';

/*
 * What acknowledging a webhook costs at least: the signature, JSON.parse and a 202, in three ways.
 *   express-insert   bare Express 5, one INSERT for each request      express-nothing   the same, nothing kept
 *   http-grouped     bare node:http, one INSERT for all that came meanwhile: the ceiling of group commit
 * The embedded engine syncs its commits as the service's does.
 */

export const ACK_PEERS = ['express-insert', 'express-nothing', 'http-grouped'] as const;
export type AckPeer = (typeof ACK_PEERS)[number];

interface Row {
  readonly id: string;
  readonly key: string;
  readonly body: unknown;
}
type Query = (text: string, values: unknown[]) => Promise<unknown>;

const TABLE =
  'create table event (id uuid primary key, source text not null, key text not null, body jsonb not null, unique (source, key))';
const INSERT = `insert into event (id, source, key, body) select * from json_to_recordset($1) as r (id uuid, source text, key text, body jsonb)`;
const ONE = `insert into event (id, source, key, body) values ($1, 'default', $2, $3)`;

async function openStore(dataDir: string, databaseUrl?: string): Promise<Query> {
  const pool = databaseUrl ? new Pool({ connectionString: databaseUrl, max: 10 }) : undefined;
  const query: Query = pool ? (text, values) => pool.query(text, values) : await openEmbedded(join(dataDir, 'peer'));
  await query(TABLE, []);
  return query;
}

async function openEmbedded(folder: string): Promise<Query> {
  await (await PGlite.create({ dataDir: folder })).close();
  const { fs } = durableFs(folder, installFsync);
  const settings = ['fsync=on', 'wal_sync_method=fsync', 'shared_buffers=32MB'].flatMap((setting) => ['-c', setting]);
  const startParams = [...PGlite.defaultStartParams.filter((param) => param !== '-F'), ...settings];
  const pg = await PGlite.create({ fs, startParams });
  return (text, values) => pg.query(text, values);
}

/** At most two statements on their way, each with all that arrived in the meantime. */
function grouped(query: Query): (row: Row) => Promise<void> {
  let waiting: { row: Row; done: () => void }[] = [];
  let inFlight = 0;
  const flush = async (): Promise<void> => {
    if (inFlight >= 2 || waiting.length === 0) return;
    const batch = waiting;
    waiting = [];
    inFlight += 1;
    await query(INSERT, [JSON.stringify(batch.map(({ row }) => ({ source: 'default', ...row })))]);
    inFlight -= 1;
    for (const { done } of batch) done();
    await flush();
  };
  return (row) =>
    new Promise((resolve) => {
      waiting.push({ row, done: resolve });
      setImmediate(() => void flush());
    });
}

function open(body: Buffer, signature: string | string[] | undefined, secret: string): Row | undefined {
  const given = Buffer.from(String(signature), 'base64');
  const wanted = createHmac('sha256', secret).update(body).digest();
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return undefined;
  const event = JSON.parse(body.toString()) as { eventType: string; eventId: string };
  return { id: randomUUID(), key: `${event.eventType}:${event.eventId}`, body: event };
}

function expressApp(secret: string, keep: (row: Row) => Promise<unknown>): RequestListener {
  const app = express();
  app.disable('x-powered-by').set('etag', false);
  app.post('/webhook', express.raw({ type: () => true, limit: '256kb' }), async (request, response) => {
    const row = open(request.body as Buffer, request.headers['x-webhook-signature'], secret);
    if (row) await keep(row);
    response.status(row ? 202 : 401).json({ status: row ? 'accepted' : 'refused', eventId: row?.id });
  });
  return app;
}

function httpHandler(secret: string, keep: (row: Row) => Promise<unknown>): RequestListener {
  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const row = open(await bytesOf(request), request.headers['x-webhook-signature'], secret);
    if (row) await keep(row);
    const body = JSON.stringify({ status: row ? 'accepted' : 'refused', eventId: row?.id });
    response.writeHead(row ? 202 : 401, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
  };
  return (request, response) => void receive(request, response);
}

/** Not by `for await`, which costs more than the rest of this peer. */
function bytesOf(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => resolve(Buffer.concat(chunks)));
  });
}

async function handlerOf(peer: AckPeer, secret: string, place: readonly [string, string?]): Promise<RequestListener> {
  if (peer === 'express-nothing') return expressApp(secret, async () => {});
  const query = await openStore(...place);
  if (peer === 'http-grouped') return httpHandler(secret, grouped(query));
  return expressApp(secret, ({ id, key, body }) => query(ONE, [id, key, JSON.stringify(body)]));
}

if (import.meta.main) {
  const [peer, secret, dataDir, databaseUrl] = process.argv.slice(2);
  const server = createServer(await handlerOf(peer as AckPeer, secret!, [dataDir!, databaseUrl]));
  server.listen(0, '127.0.0.1', () => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    answerParent({ url }, async () => ({}));
  });
}
