import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { mintToken } from '../src/handover/token.ts';
import { sealHandle } from '../src/lease/handle.ts';
import { agreeOnMasterKey } from '../src/ledger/master-key.ts';
import { countSealed, SEALED } from '../src/ledger/sealed.ts';
import { createOnce } from '../src/managed/once.ts';
import { renew } from '../src/managed/rotate.ts';
import { reseal } from '../src/reseal.ts';
import { createSealer } from '../src/secret/seal.ts';
import { Secret } from '../src/secret/secret.ts';
import { openTokens } from '../src/keys/tokens.ts';
import { describeEngines } from './engines.ts';
import { tokenRules } from './fixtures/plan.ts';
import { openManagedHouse } from './managed-house.ts';
import { openWorkshop } from './workshop.ts';

const [first, second] = [1, 2].map(() => new Secret(randomBytes(32).toString('base64')));
const former = createSealer([first!]);
const both = createSealer([second!, first!]);
const alone = createSealer([second!]);

test('every column that is sealed is known', async () => {
  const { readFileSync } = await import('node:fs');
  const schema = readFileSync(new URL('schema.sql', import.meta.url), 'utf8');
  const columns = [...schema.matchAll(/^ +"(sealed_\w+)" text/gm)].map(([, column]) => column!);
  // What a browser sealed for itself lives for a minute.
  const expected = SEALED.map(({ column }) => column).concat('sealed_again');
  expect(columns.toSorted()).toEqual(expected.toSorted());
});

test('links and their codes are bound to the claim that is said', () => {
  const { row } = mintToken('clm_1', 'code', former);
  const contexts = SEALED.filter(({ table }) => table === 'claim').map(({ context }) =>
    context.replace(/' \|\| id$/, 'clm_1').slice(1),
  );
  expect([row.sealedToken, row.sealedCode].map((sealed, n) => former.open(sealed!, contexts[n]!).reveal().length)).toEqual([
    43, 8,
  ]);
});

describeEngines('another master key', (engine) => {
  test('takes over all that is sealed, while others work; only then may the old one go', async () => {
    const its = await openManagedHouse(engine);
    const { ledger, clock, transact } = its;
    await agreeOnMasterKey(ledger, former.keyIds);
    const house = { ...its.house, sealer: former };
    const making = { project: 'lab', actor: 'eve', asked: { name: 'robot', scopes: ['read'] } };
    const { key } = await transact((tx) => createOnce(house, tx, { ...making, token: 'once' }));
    const renewed = await transact((tx) =>
      renew(house, tx, { row: key, overlapMs: 0, reason: 'clock', actor: 'eve', seals: true }),
    );
    const window = { opensAt: clock.now(), closesAt: new Date(clock.now().getTime() + 3_600_000) };
    const said = { keyId: 'key_1', lease: 'lse_1', holder: 'ada', scopes: [], project: 'lab', window };
    const tokens = (sealer: typeof both) => openTokens({ ledger, sealer, rules: () => tokenRules, now: clock.now });
    await tokens(former).mint(said);
    expect(await countSealed(ledger.db)).toEqual(new Map([[former.keyIds[0], 3]]));

    await agreeOnMasterKey(ledger, both.keyIds);
    await expect(agreeOnMasterKey(ledger, alone.keyIds)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(`3 values in the database are sealed under master key ${former.keyIds[0]}`),
    });
    const turns = await Promise.all([reseal(ledger, both), reseal(ledger, both)]);
    expect(turns.every(({ unreadable }) => unreadable === 0)).toBe(true);
    expect(await countSealed(ledger.db)).toEqual(new Map([[alone.keyIds[0], 3]]));
    expect(await reseal(ledger, both)).toEqual({ done: 0, unreadable: 0 });

    await agreeOnMasterKey(ledger, alone.keyIds);
    await tokens(alone).mint(said);
    const row = await ledger.db.selectFrom('projectKey').select('sealedValue').where('id', '=', key.id).executeTakeFirstOrThrow();
    expect(alone.open(row.sealedValue!, `project-key:${key.id}`).reveal()).toBe(renewed.value.reveal());
    await its.close();
  });

  test('takes over keys that wait for their holder, and what drivers keep of them; what was changed by hand is counted and left', async () => {
    const lab = await openWorkshop(engine);
    const { ledger } = lab;
    await lab.hear({
      type: 'created',
      reservationId: '7',
      version: 1,
      resource: { id: '1', name: 'lab-1', type: '' },
      holders: [{ id: 'ann' }],
      startsAt: new Date('2026-01-01T09:00:00Z'),
      endsAt: new Date('2026-01-01T12:00:00Z'),
    });
    await lab.settleAll();
    const [key] = await lab.keys();
    const handle = { id: 'abc', inner: [new Secret('kept by the driver')] };
    const sealedSecret = former.seal(new Secret('value'), `key:${key!.id}`);
    const set = async (values: { sealedSecret: string; handle: string }) =>
      await ledger.db.updateTable('key').set(values).where('id', '=', key!.id).execute();
    await set({ sealedSecret, handle: JSON.stringify(sealHandle(handle, former, key!.id)) });
    expect((await countSealed(ledger.db)).get(former.keyIds[0]!)).toBe(2);
    expect(await reseal(ledger, both)).toEqual({ done: 2, unreadable: 0 });
    expect(await countSealed(ledger.db)).toEqual(new Map([[alone.keyIds[0], 2]]));

    const elsewhere = former.seal(new Secret('value'), 'key:another');
    await set({ sealedSecret: elsewhere, handle: JSON.stringify({ id: { $sealed: elsewhere } }) });
    expect(await reseal(ledger, both)).toEqual({ done: 0, unreadable: 2 });
    expect((await lab.keys())[0]!.sealedSecret).toBe(elsewhere);
    await lab.close();
  });
});
