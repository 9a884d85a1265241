import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openLedger } from '../src/ledger/database.ts';
import { describeEngines } from './engines.ts';
import { filesIn, findIn, tablesOf, type Hay, type Needles } from './haystack.ts';
import { liveWithoutBooking } from './leaks-keys.ts';
import { openLeaksHouse, type LeaksHouse } from './leaks-house.ts';
import { liveThroughAll } from './leaks-life.ts';
import { liveInTheLab } from './leaks-samples.ts';

/*
 * A whole life with all its mishaps at log level debug, and then a search: for the plain text of every key, link, code, token, secret and
 * password in everything that was printed, stored and answered.
 */

describeEngines('secrets', (engine) => {
  let house: LeaksHouse | undefined;
  afterEach(async () => await house?.close());

  test('are nowhere in the clear: not in logs, files, tables, metrics, news or answers', async () => {
    house = await openLeaksHouse(engine.name);
    const needles = new Map<string, string | Buffer>([
      ['the master key', house.made.masterKey],
      ['the master key, decoded', Buffer.from(house.made.masterKey, 'base64')],
      ['the admin token', house.made.adminToken],
      ['the webhook secret', house.made.webhookSecret],
      ['the management token', house.managementToken],
      ['the SMTP password', house.smtpPassword],
    ]);
    const revealing = (await liveThroughAll(house, needles)).union(await liveWithoutBooking(house, needles));
    await liveInTheLab(house, needles);
    const links = [...needles].filter(([name]) => name.startsWith('a link') || name.startsWith('a code'));

    const running = 'dataDir' in house.place ? filesIn(house.place.dataDir) : [];
    await house.stop();
    const stopped = 'dataDir' in house.place ? filesIn(house.place.dataDir) : [];
    const ledger = await openLedger({ ...house.place, now: () => new Date(), mac: () => '' });
    try {
      const told: Hay[] = house.answers
        .filter((answer) => !revealing.has(answer))
        .map(({ what, status, text }, index) => ({
          name: `answer ${index}: ${status} ${what.slice(0, 30)}`,
          bytes: Buffer.from(text),
        }));
      const printed = { name: 'the log', bytes: house.printed() };
      const hays = [printed, ...running, ...stopped, ...(await tablesOf(ledger.db)), ...told];
      expect(printed.bytes.includes('"level":"debug"')).toBe(true);
      expect(house.answers.filter(({ status }) => status >= 400).length).toBeGreaterThan(10);
      expect(findIn(hays, needles)).toEqual([]);

      // Links and codes go out by mail and callback, and nothing else does.
      const news = Buffer.from(JSON.stringify([house.mailbox.mails, house.api.accepted, house.api.answers]));
      const kept = new Map([...needles].filter(([name]) => !links.some(([link]) => link === name)));
      expect(findIn([{ name: 'the news', bytes: news }], kept)).toEqual([]);

      await assertFoundWhenPlanted({ ledger, house, needles });
    } finally {
      await ledger.close();
    }
  }, 180_000);
});

/** Whoever finds nothing must be able to find something. */
async function assertFoundWhenPlanted(planted: {
  ledger: Awaited<ReturnType<typeof openLedger>>;
  house: LeaksHouse;
  needles: Needles;
}): Promise<void> {
  const { ledger, house, needles } = planted;
  const [name, needle] = [...needles].find(([candidate]) => candidate === 'the key of booking 2')!;
  const row = { provider: `x${String(needle)}x`, action: 'planted', nextAt: new Date() };
  await ledger.db.insertInto('pace').values(row).execute();
  expect(findIn(await tablesOf(ledger.db), needles)).toEqual([`${name} in table public.pace`]);
  for (const shift of ['', 'x', 'xx']) {
    const bytes = Buffer.from(Buffer.from(`${shift}${String(needle)} and more`).toString('base64'));
    expect(findIn([{ name: 'a header', bytes }], needles)).toEqual([`${name} in a header`]);
  }
  if (!('dataDir' in house.place)) return;
  writeFileSync(
    join(house.place.dataDir, 'core'),
    Buffer.concat([randomBytes(100), Buffer.from(String(needle)), randomBytes(100)]),
  );
  expect(findIn(filesIn(house.place.dataDir), needles)).toContain(`${name} in file core`);
}
