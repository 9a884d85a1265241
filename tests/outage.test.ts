import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { sql } from 'kysely';
import { expect, test, vi } from 'vitest';
import { openLedger } from '../src/ledger/database.ts';
import { startJobs } from '../src/ledger/jobs.ts';
import { Secret } from '../src/secret/secret.ts';
import { freshDatabase, SERVER_URL } from './databases.ts';
import { describeEngines } from './engines.ts';

/** A PostgreSQL server that goes away and comes back: a TCP relay in front of the real one. */

const within = { timeout: 20_000, interval: 10 };

async function relay(target: URL) {
  const sockets = new Set<Socket>();
  const server: Server = createServer((near) => {
    const far = connect(Number(target.port || 5432), target.hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  const goAway = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return { url: new Secret(url.href), goAway, comeBack: () => listen(port) };
}

async function openBehindRelay() {
  const { place, remove } = await freshDatabase();
  const server = await relay(new URL(place.databaseUrl.reveal()));
  const ledger = await openLedger({ databaseUrl: server.url, now: () => new Date(), mac: () => 'mac' });
  const close = async () => {
    await ledger.close();
    await server.goAway();
    await remove();
  };
  return { ledger, server, close };
}

test('a server that cannot be used at the start is named, with the cause and without the password', async () => {
  const open = (url: string) => openLedger({ databaseUrl: new Secret(url), now: () => new Date(), mac: () => 'mac' });
  const away = open('postgresql://u:hunter2@127.0.0.1:1/keys');
  await expect(away).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/\(127\.0\.0\.1:1\/keys\) cannot be used: .*ECONNREFUSED/),
  });
  await expect(away).rejects.not.toThrow('hunter2');
});

describeEngines('an outage of the database', ({ name }) => {
  test.runIf(name === 'postgres')('a database that is not there is named at the start', async () => {
    const url = new URL(SERVER_URL);
    url.pathname = '/no_such_database';
    await expect(openLedger({ databaseUrl: new Secret(url.href), now: () => new Date(), mac: () => 'mac' })).rejects.toThrow(
      /\/no_such_database\) cannot be used: database "no_such_database" does not exist/,
    );
  });

  test.runIf(name === 'postgres')(
    'is reported as unavailable while it lasts, ends nothing, and is over when the server is back',
    async () => {
      const { ledger, server, close } = await openBehindRelay();
      const broken = ledger.transact(async (tx) => {
        await tx.db.insertInto('pace').values({ provider: 'lost', action: 'issue', nextAt: new Date() }).execute();
        await server.goAway();
        await tx.db.selectFrom('pace').selectAll().execute();
      });
      await expect(broken).rejects.toMatchObject({ name: 'Fault', code: 'unavailable' });
      await expect(ledger.transact(async (tx) => tx.db.selectFrom('pace').selectAll().execute())).rejects.toMatchObject({
        code: 'unavailable',
      });
      await expect(ledger.db.selectFrom('pace').selectAll().execute()).rejects.toMatchObject({ code: 'unavailable' });
      await expect(ledger.ready()).rejects.toMatchObject({ code: 'unavailable' });

      await server.comeBack();
      await expect(ledger.ready()).resolves.toBeUndefined();
      expect(await ledger.db.selectFrom('pace').selectAll().execute()).toEqual([]);
      await close();
    },
  );

  test.runIf(name === 'postgres')(
    'loses no listener: it is told that it may have missed something, and then hears again',
    async () => {
      const { ledger, server, close } = await openBehindRelay();
      const heard: string[] = [];
      await ledger.listen(
        'news',
        (payload) => heard.push(payload),
        () => heard.push('reconnected'),
      );
      await ledger.transact((tx) => tx.notify('news', 'before'));
      await vi.waitFor(() => expect(heard).toEqual(['before']), within);
      await server.goAway();
      await server.comeBack();
      await vi.waitFor(() => expect(heard).toEqual(['before', 'reconnected']), within);
      await vi.waitFor(() => ledger.transact((tx) => tx.notify('news', 'after')), within);
      await vi.waitFor(() => expect(heard).toEqual(['before', 'reconnected', 'after']), within);
      await close();
    },
  );

  test.runIf(name === 'postgres')('a backend ended by the administrator fails its own transaction and no other', async () => {
    const { ledger, close } = await openBehindRelay();
    const ended = ledger.transact(async (tx) => {
      await sql`select pg_terminate_backend(pg_backend_pid())`.execute(tx.db);
    });
    await expect(ended).rejects.toMatchObject({ code: 'unavailable' });
    await vi.waitFor(() => ledger.transact(async () => 'fine'), within);
    await close();
  });

  test.runIf(name === 'postgres')('jobs go on afterwards, those made before it too', async () => {
    const { ledger, server, close } = await openBehindRelay();
    const jobs = await startJobs(ledger);
    const ran: string[] = [];
    await ledger.transact((tx) => jobs.enqueue(tx, 'settle', ['before']));
    await server.goAway();
    await jobs.work('settle', { concurrency: 2 }, async (id) => void ran.push(id));
    await server.comeBack();
    // The first to use a connection that died in the pool still hears of it.
    await vi.waitFor(() => ledger.transact((tx) => jobs.enqueue(tx, 'settle', ['after'])), within);
    await vi.waitFor(() => expect(ran.toSorted()).toEqual(['after', 'before']), within);
    await jobs.stop();
    await close();
  });
});
