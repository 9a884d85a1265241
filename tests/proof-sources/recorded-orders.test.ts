import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canonical } from '../../src/reservation/canonical.ts';
import { presets } from '../../src/sources/presets.ts';
import { describeEngines } from '../engines.ts';
import { sourceOf } from '../fixtures/source.ts';
import { openHouse, type House } from '../intake-house.ts';
import { mixed, ordersOf } from './orders.ts';
import { createRandom } from './random.ts';
import { written, type Clock, type Sent } from './script.ts';
import { scripts } from './scripts.ts';
import { SECRET } from './secret.ts';
import { postedBy } from './vendors.ts';

/*
 * What permutations.test.ts shows of the rules, here of the whole of intake: a booking's messages, posted over HTTP in twelve orders and each of
 * them twice, leave the same rows in the database.
 */

const ORDERS = 12;
const BEGAN = Date.UTC(2026, 2, 2, 9);
/** A story's minute lasts ten seconds, so that no signature is too old for any system. */
const at: Clock = (minutes) => new Date(BEGAN + minutes * 10_000);
const NOW = at(10);
const URL_OF = (name: string) => `https://keys.example.org/webhooks/${name}`;

const trials = presets.flatMap(({ id }) => {
  const script = scripts[id]!(at);
  // One that lives: what is over when it is first heard of has no lease, and otherwise one without a key.
  const story = script.stories.find(({ grants }) => grants.some(({ to }) => to.length > 0));
  const all = ordersOf(story!.sends);
  const random = createRandom(5);
  return all.slice(0, ORDERS).map((order, index) => ({
    preset: id,
    entry: script.entry,
    name: `${id.replace('.', '-')}-${index}`,
    undated: story!.undated !== undefined,
    posts: mixed(order, order, random),
  }));
});
type Trial = (typeof trials)[number];

async function post(house: House, { preset, name }: Trial, sent: Sent): Promise<void> {
  const id = `msg_${sent.name.replaceAll(' ', '_')}`;
  const posted = postedBy(preset, written(sent), { secret: SECRET, now: sent.at, url: URL_OF(name), id });
  const path = `/webhooks/${name}${posted.path ? `/${posted.path}` : ''}`;
  const { status, body } = await house.post(path, new Uint8Array(posted.body), { ...posted.headers });
  expect(status, JSON.stringify(body)).toBeLessThan(300);
}

/** What the database says of a source's bookings and leases, without the names and times that we gave. */
async function rowsOf({ db }: House, { name, undated }: Trial): Promise<string> {
  const bookings = await db.selectFrom('reservation').selectAll().where('source', '=', name).orderBy('externalId').execute();
  const leases = await db
    .selectFrom('lease')
    .innerJoin('reservation', 'reservation.id', 'lease.reservationId')
    .where('reservation.source', '=', name)
    .where('reservation.closed', '=', false)
    .select(['reservation.externalId', 'lease.holderId', 'lease.state', 'lease.reason', 'lease.opensAt', 'lease.closesAt'])
    .orderBy('reservation.externalId')
    .orderBy('lease.holderId')
    .execute();
  const lasting = bookings.map(({ id: _id, source: _source, createdAt: _made, updatedAt: _changed, ...rest }) => rest);
  const text = canonical(JSON.parse(JSON.stringify({ lasting, leases }))).replaceAll(`"source":"${name}"`, '');
  return undated ? text.replaceAll(/,?"(version|restated|lastType)":("\w+"|\w+)/g, '') : text;
}

describeEngines('messages of a booking in the database', (engine) => {
  let house: House;
  beforeAll(async () => {
    house = await openHouse(engine, NOW.toISOString());
    const sources = trials.map((trial) => [
      trial.name,
      sourceOf({ preset: trial.preset, secrets: [SECRET], url: URL_OF(trial.name), ...trial.entry }, { name: trial.name }),
    ]);
    house.setPolicy({ sources: Object.fromEntries(sources) });
  });
  afterAll(async () => await house.close());

  describe.each(presets)('$id', ({ id }) => {
    test('the same rows in every order, with everything twice', async () => {
      const own = trials.filter(({ preset }) => preset === id);
      await Promise.all(
        own.map(async (trial) => {
          for (const sent of trial.posts) await post(house, trial, sent);
        }),
      );
      const rows = await Promise.all(own.map((trial) => rowsOf(house, trial)));
      expect(rows[0]).toContain('"holderId"');
      for (const each of rows) expect(each).toBe(rows[0]);
    });
  });
});
