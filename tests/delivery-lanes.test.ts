import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createDeliveryLanes } from '../src/handover/lanes.ts';
import { startJobs } from '../src/ledger/jobs.ts';
import { describeEngines } from './engines.ts';
import { openHandover, type World } from './handover-world.ts';
import { type Mailbox, startMailbox } from './mailbox.ts';

describeEngines('an endpoint that hangs', (engine) => {
  let world: World;
  let mailbox: Mailbox;
  let hanging: Server;
  let asked = 0;

  beforeEach(async () => {
    asked = 0;
    hanging = createServer(() => void (asked += 1));
    await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve));
    mailbox = await startMailbox();
    world = await openHandover(engine, { smtpUrl: mailbox.url, allowPrivate: ['127.0.0.1/32'] });
    const url = `http://127.0.0.1:${(hanging.address() as AddressInfo).port}/`;
    world.settings.source = { callback: { notifications: url, timeoutMs: 60_000 } };
  });
  afterEach(async () => {
    hanging.closeAllConnections();
    hanging.close();
    await world.close();
    await mailbox.close();
  });

  const tell = async (by: 'callback' | 'email') => {
    world.settings.handover = { by: [by], confirm: 'none' };
    await world.tell('revoked', await world.book());
  };

  test('delays nothing but what goes there, and is asked only a few things at once', async () => {
    const jobs = await startJobs(world.ledger);
    world.settings.jobs = jobs;
    const lanes = createDeliveryLanes({ ledger: world.ledger, deliver: world.deliverer.deliver, log: () => {} });
    await jobs.work('deliver', { concurrency: 16 }, lanes.wake);
    for (let count = 0; count < 30; count += 1) await tell('callback');
    await tell('email');
    await vi.waitFor(() => expect(mailbox.mails).toHaveLength(1), { timeout: 10_000 });
    await vi.waitFor(() => expect(asked).toBe(8), { timeout: 10_000 });
    const drained = lanes.drain(60_000);
    hanging.closeAllConnections();
    await drained;
    await jobs.stop();
    expect(asked).toBe(8);
  });

  test('does not fill the sweep, however much waits for it', async () => {
    for (let count = 0; count < 30; count += 1) await tell('callback');
    world.clock.forward(1000);
    await tell('email');
    world.woken.splice(0);
    await world.deliverer.sweep(10);
    const channels = await world.ledger.db.selectFrom('delivery').select('channel').where('id', 'in', world.woken).execute();
    expect(channels).toHaveLength(10);
    expect(channels.filter(({ channel }) => channel === 'email')).toHaveLength(1);
  });
});
