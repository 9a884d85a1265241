import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findCreation } from '../src/ledger/creations.ts';
import { changeKey } from '../src/managed/change.ts';
import { rotateDue, retireEnded } from '../src/managed/due.ts';
import { forgetDead, forgetRepeats } from '../src/managed/keeping.ts';
import { NEVER } from '../src/managed/life.ts';
import { createOnce } from '../src/managed/once.ts';
import { deleteKey, resumeKey, revokeKey, suspendKey } from '../src/managed/revoke.ts';
import { revealKey, rotateKey } from '../src/managed/rotate.ts';
import { rotateMany } from '../src/managed/rotate-many.ts';
import type { ProviderAlert } from '../src/reservation/notice.ts';
import { Secret } from '../src/secret/secret.ts';
import { describeEngines } from './engines.ts';
import { DAY, HOUR, openManagedHouse, type ManagedHouse } from './managed-house.ts';

const why = { actor: 'eve', reason: 'as asked' };

describeEngines('a key without a booking', (engine) => {
  let its: ManagedHouse;
  beforeAll(async () => {
    its = await openManagedHouse(engine);
  });
  afterAll(() => its.close());

  const lab = (id: string) => ({ project: 'lab', id });
  const rotate = (id: string, more: { overlapMs?: number; generation?: number } = {}) =>
    its.transact((tx) => rotateKey(its.house, tx, { ...lab(id), ...why, ...more }));
  const change = (id: string, changes: Parameters<typeof changeKey>[2]['changes']) =>
    its.transact((tx) => changeKey(its.house, tx, { ...lab(id), actor: 'eve', changes }));

  test('works at once, for what was granted, and names nobody as its lease', async () => {
    const { key, value } = await its.make({ scopes: ['read', 'labs:read'], owner: 'ann' });
    expect(value.reveal()).toMatch(/^lab_[0-9A-Za-z]{33}$/);
    expect(await its.door(value)).toBe('VALID');
    expect(await its.door(value, { method: 'POST' })).toBe('INSUFFICIENT_SCOPE');
    expect(await its.audited(key.id)).toMatchObject([
      { action: 'project-key.created', actor: 'eve', detail: { project: 'lab', name: 'robot', owner: 'ann' } },
    ]);
  });

  test('ends by itself, after as long as its project says', async () => {
    const { key, value } = await its.make();
    expect(key.closesAt.getTime() - key.opensAt.getTime()).toBe(30 * DAY);
    its.clock.forward(30 * DAY - 1);
    expect(await its.door(value)).toBe('VALID');
    its.clock.forward(1);
    expect(await its.door(value)).toBe('EXPIRED');
    await expect(rotate(key.id)).rejects.toMatchObject({ code: 'conflict' });
    await expect(change(key.id, { ends: { inMs: DAY } })).rejects.toMatchObject({ code: 'conflict' });
  });

  test('lives without an end only where its project has such keys, and no longer than that says', async () => {
    await expect(its.make({ ends: 'never' })).rejects.toMatchObject({ code: 'invalid', at: 'expires' });
    await expect(its.make({ ends: { at: NEVER } })).rejects.toMatchObject({ code: 'invalid', at: 'expires' });
    await expect(its.make({ ends: { inMs: 365 * DAY + 1 } })).rejects.toMatchObject({ code: 'invalid', at: 'expires' });
    await expect(its.make({ ends: { at: its.clock.now() } })).rejects.toMatchObject({ code: 'invalid', at: 'expires' });
    its.rules('lab', { expires: { defaultMs: DAY, longestMs: 2 * DAY, never: true } });
    const { value } = await its.make({ ends: 'never' });
    its.clock.forward(400 * DAY);
    expect(await its.door(value)).toBe('VALID');
    its.rules('lab', { expires: { defaultMs: 30 * DAY, longestMs: 365 * DAY, never: false } });
  });

  test('is made as often as its project allows, and not by asking another node', async () => {
    its.rules('other', { created: { limit: 2, per: 'hour' } });
    const make = () => its.make({}, { project: 'other' });
    const made = await Promise.allSettled([make(), make(), make()]);
    expect(made.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    its.clock.forward(HOUR / 2);
    await expect(make()).rejects.toMatchObject({ code: 'too_many', retryAfterMs: HOUR / 2 });
    its.clock.forward(HOUR / 2);
    await expect(make()).resolves.toBeDefined();
    its.rules('other', { created: { limit: 1000, per: 'hour' } });
  });

  test('is one key under one token, whose value is told again for ten minutes', async () => {
    const once = (name = 'robot') => {
      const asked = { name, scopes: ['read'] };
      return its.transact((tx) => createOnce(its.house, tx, { project: 'lab', actor: 'eve', asked, token: 'mine' }));
    };
    const [first, second] = await Promise.all([once(), once()]);
    expect(second.key.id).toBe(first.key.id);
    expect(second.value!.reveal()).toBe(first.value!.reveal());
    expect(first.isNew).not.toBe(second.isNew);
    await expect(once('another')).rejects.toMatchObject({ code: 'conflict' });
    its.clock.forward(10 * 60_000);
    await forgetRepeats(its.house, its.ledger);
    expect(await once()).toMatchObject({ key: { id: first.key.id }, value: null });
    const rows = await its.ledger.db.selectFrom('creation').selectAll().execute();
    expect(rows.map(({ sealedValue }) => sealedValue)).toEqual([null]);
    expect(await findCreation(its.ledger.db, 'lab', rows[0]!.tokenHash)).toBeDefined();
  });

  test('changes under its value, at once, and never beyond its project', async () => {
    const { key, value } = await its.make({ scopes: ['write'], methods: ['POST'], quota: { limit: 5, per: 'day' } });
    its.rules('lab', { quota: { limit: 10, per: 'day' } });
    await expect(change(key.id, { quota: { limit: 11, per: 'day' } })).rejects.toMatchObject({ code: 'invalid', at: 'quota' });
    await expect(change(key.id, { quota: null })).rejects.toMatchObject({ code: 'invalid', at: 'quota' });
    expect(await its.door(value)).toBe('INSUFFICIENT_SCOPE');
    // Whoever had fewer methods than the scopes allow gets no more by other scopes.
    await change(key.id, { scopes: ['admin'] });
    expect(await its.door(value)).toBe('INSUFFICIENT_SCOPE');
    await change(key.id, { scopes: ['read'], methods: null, allowedIps: ['10.0.0.0/8'], metadata: { team: 'blue' } });
    expect([await its.door(value), await its.door(value, { ip: '10.1.2.3' })]).toEqual(['IP_FORBIDDEN', 'VALID']);
    const told = (await its.audited(key.id)).at(-1)!;
    expect(told).toMatchObject({
      action: 'project-key.changed',
      detail: { changed: { scopes: { from: ['admin'], to: ['read'] }, metadata: 'changed', allowedIps: { from: null } } },
    });
    expect(JSON.stringify(told)).not.toContain('blue');
    await change(key.id, { ends: { inMs: HOUR } });
    its.clock.forward(HOUR);
    expect(await its.door(value, { ip: '10.1.2.3' })).toBe('EXPIRED');
    its.rules('lab', { quota: undefined });
  });

  test('is held back and let go, taken away for good, and then out of the lists', async () => {
    const { key, value } = await its.make();
    const act = (what: typeof suspendKey) => its.transact((tx) => what(its.house, tx, { ...lab(key.id), ...why }));
    await act(suspendKey);
    expect(await its.door(value)).toBe('SUSPENDED');
    const { value: next } = await rotate(key.id, { overlapMs: HOUR });
    expect([await its.door(value), await its.door(next)]).toEqual(['SUSPENDED', 'SUSPENDED']);
    await act(resumeKey);
    expect([await its.door(value), await its.door(next)]).toEqual(['VALID', 'VALID']);
    const remove = () => its.transact((tx) => deleteKey(its.house, tx, { ...lab(key.id), actor: 'eve' }));
    await expect(remove()).rejects.toMatchObject({ code: 'conflict' });
    await act(revokeKey);
    await act(revokeKey);
    expect([await its.door(value), await its.door(next)]).toEqual(['REVOKED', 'REVOKED']);
    await expect(act(resumeKey)).rejects.toMatchObject({ code: 'conflict' });
    await remove();
    await expect(remove()).rejects.toMatchObject({ code: 'not_found' });
    expect((await its.audited(key.id)).map(({ action }) => action)).toEqual(
      ['created', 'suspended', 'rotated', 'resumed', 'revoked', 'deleted'].map((act) => `project-key.${act}`),
    );
  });

  test('of another project is not there', async () => {
    const { key, value } = await its.make();
    const theirs = { project: 'other', id: key.id, ...why };
    for (const act of [revokeKey, suspendKey, resumeKey, rotateKey, deleteKey, revealKey])
      await expect(its.transact((tx) => act(its.house, tx, theirs) as Promise<unknown>)).rejects.toMatchObject({
        code: 'not_found',
      });
    await expect(its.transact((tx) => changeKey(its.house, tx, { ...theirs, changes: { name: 'mine' } }))).rejects.toMatchObject({
      code: 'not_found',
    });
    expect(await its.door(value)).toBe('VALID');
  });

  describe('in rotation', () => {
    test('has two good values for the overlap, then one, and neither lives longer than before', async () => {
      const { key, value } = await its.make({ ends: { inMs: 2 * HOUR }, quota: { limit: 3, per: 'day' } });
      const { value: next, key: after } = await rotate(key.id, { overlapMs: HOUR });
      expect(after.closesAt).toEqual(key.closesAt);
      expect([await its.door(value), await its.door(next)]).toEqual(['VALID', 'VALID']);
      its.clock.forward(HOUR);
      expect([await its.door(value), await its.door(next)]).toEqual(['EXPIRED', 'VALID']);
      // One budget for all of them.
      expect(await its.door(next)).toBe('QUOTA_EXCEEDED');
      await rotate(key.id, { overlapMs: 5 * HOUR });
      its.clock.forward(HOUR);
      expect(await its.door(next)).toBe('EXPIRED');
    });

    test('after a leak refuses the old value before the answer', async () => {
      const { key, value } = await its.make();
      const { value: next } = await rotate(key.id, { overlapMs: 0 });
      expect([await its.door(value), await its.door(next)]).toEqual(['REVOKED', 'VALID']);
    });

    test('twice at once is one after the other, and whoever expected another generation is told', async () => {
      const { key, value } = await its.make();
      const [one, two] = await Promise.all([rotate(key.id, { overlapMs: HOUR }), rotate(key.id, { overlapMs: HOUR })]);
      expect(new Set([one.key.generation, two.key.generation])).toEqual(new Set([2, 3]));
      expect([await its.door(value), await its.door(one.value), await its.door(two.value)]).toEqual(['VALID', 'VALID', 'VALID']);
      its.clock.forward(HOUR);
      const last = one.key.generation === 3 ? one : two;
      const earlier = last === one ? two : one;
      expect([await its.door(value), await its.door(earlier.value), await its.door(last.value)]).toEqual([
        'EXPIRED',
        'EXPIRED',
        'VALID',
      ]);
      await expect(rotate(key.id, { generation: 2 })).rejects.toMatchObject({ code: 'conflict' });
    });

    test('beside a revocation opens nothing, whoever comes first', async () => {
      const { key, value } = await its.make();
      const [rotated] = await Promise.allSettled([
        rotate(key.id, { overlapMs: HOUR }),
        its.transact((tx) => revokeKey(its.house, tx, { ...lab(key.id), ...why })),
      ]);
      expect(await its.door(value)).toBe('REVOKED');
      if (rotated.status === 'fulfilled') expect(await its.door(rotated.value.value)).toBe('REVOKED');
    });

    test('leaves no trace where it stops in the middle', async () => {
      const { key, value } = await its.make();
      const before = await its.ledger.db.selectFrom('localKey').selectAll().where('projectKeyId', '=', key.id).execute();
      const stopping = its.transact(async (tx) => {
        await rotateKey(its.house, tx, { ...lab(key.id), ...why, overlapMs: 0 });
        throw new Error('stopped');
      });
      await expect(stopping).rejects.toThrow('stopped');
      expect(await its.ledger.db.selectFrom('localKey').selectAll().where('projectKeyId', '=', key.id).execute()).toEqual(before);
      expect(await its.door(value)).toBe('VALID');
      expect(await its.audited(key.id)).toHaveLength(1);
    });
  });

  describe('whose value the clock changes', () => {
    const alerts: ProviderAlert[] = [];
    const notes: { to: string; reason: string }[] = [];
    const due = () => ({
      ledger: its.ledger,
      alert: async (_tx: unknown, alert: ProviderAlert) => void alerts.push(alert),
      note: async (_tx: unknown, note: { to: string; reason: string }) => void notes.push(note),
    });

    test('gets it at its time, for whoever fetches it first', async () => {
      const { key, value } = await its.make({ rotation: { everyMs: DAY, overlapMs: HOUR }, contact: 'bob@example.org' });
      expect(await rotateDue(its.house, due())).toBe(0);
      its.clock.forward(DAY);
      expect(await rotateDue(its.house, due())).toBe(1);
      expect(await rotateDue(its.house, due())).toBe(0);
      expect(alerts.at(-1)!.reason).toContain('robot');
      const until = new Date(its.clock.now().getTime() + HOUR).toISOString().slice(11, 16);
      expect(notes).toMatchObject([{ to: 'bob@example.org', reason: expect.stringContaining(`${until} UTC`) }]);
      const reveal = () => its.transact((tx) => revealKey(its.house, tx, { ...lab(key.id), actor: 'eve' }));
      const { value: next } = await reveal();
      await expect(reveal()).rejects.toMatchObject({ code: 'gone' });
      expect([await its.door(value), await its.door(next)]).toEqual(['VALID', 'VALID']);
      its.clock.forward(HOUR);
      expect([await its.door(value), await its.door(next)]).toEqual(['EXPIRED', 'VALID']);
      await its.transact((tx) => revokeKey(its.house, tx, { ...lab(key.id), ...why }));
    });

    test('among many, and stopped in the middle: each is rotated once, and none is lost', async () => {
      // More than two transactions of the clock.
      const count = engine.name === 'embedded' ? 60 : 200;
      const values = new Map<string, Secret>();
      its.rules('lab', { created: { limit: 100_000, per: 'hour' } });
      for (let made = 0; made < count; made += 20)
        await its.transact(async (tx) => {
          const { createKey } = await import('../src/managed/create.ts');
          for (let one = 0; one < 20; one++) {
            const asked = {
              name: `many-${made + one}`,
              owner: 'crowd',
              scopes: ['read'],
              rotation: { everyMs: DAY, overlapMs: HOUR },
            };
            const { key, value } = await createKey(its.house, tx, { project: 'lab', actor: 'eve', asked });
            values.set(key.id, value);
          }
        });
      its.clock.forward(DAY);
      let minted = 0;
      const stopping = {
        ...its.house,
        mint: async (...args: Parameters<typeof its.house.mint>) => {
          // From then on: a transaction that was shared is tried again alone.
          if (++minted >= 37) throw new Error('the process stopped');
          return await its.house.mint(...args);
        },
      };
      await expect(rotateDue(stopping, due())).rejects.toThrow('stopped');
      // Two nodes go on together.
      for (let done = 1; done > 0;) {
        const both = await Promise.all([rotateDue(its.house, due()), rotateDue(its.house, due())]);
        done = both[0] + both[1];
      }
      const keys = await its.ledger.db.selectFrom('projectKey').selectAll().where('owner', '=', 'crowd').execute();
      expect(keys.filter(({ generation, sealedValue }) => generation === 2 && sealedValue !== null)).toHaveLength(count);
      expect(await living()).toEqual({ 2: count });
      expect(await its.door(values.get(keys[0]!.id)!)).toBe('VALID');
      its.clock.forward(HOUR);
      for (let retired = 1; retired > 0;) retired = await retireEnded(its.house, its);
      expect(await living()).toEqual({ 1: count });
      for (const id of [keys[0]!.id, keys[53]!.id]) expect(await its.door(values.get(id)!)).toBe('EXPIRED');
    });

    /** How many keys have so many values that work. */
    async function living(): Promise<Record<number, number>> {
      const rows = await its.ledger.db
        .selectFrom('localKey')
        .select('projectKeyId')
        .where('holder', '=', 'crowd')
        .where('revokedAt', 'is', null)
        .where('closesAt', '>', its.clock.now())
        .execute();
      const values = Map.groupBy(rows, ({ projectKeyId }) => projectKeyId);
      const counts: Record<number, number> = {};
      for (const of of values.values()) counts[of.length] = (counts[of.length] ?? 0) + 1;
      return counts;
    }

    test('by hundreds after a leak: all old values are refused at once, and the new ones follow', async () => {
      const { key, value } = await its.make({ owner: 'leaky' });
      const { value: kept } = await its.make({ owner: 'somebody else' });
      const asked = { project: 'lab', filter: { owner: 'leaky' }, overlapMs: 0, reason: 'in a repository', actor: 'eve' };
      expect(await rotateMany(its.house, its.ledger, asked)).toBe(1);
      expect([await its.door(value), await its.door(kept)]).toEqual(['REVOKED', 'VALID']);
      await rotateDue(its.house, due());
      const { value: next } = await its.transact((tx) => revealKey(its.house, tx, { ...lab(key.id), actor: 'eve' }));
      expect(await its.door(next)).toBe('VALID');
      expect((await its.audited(key.id)).at(1)).toMatchObject({
        actor: 'eve',
        detail: { reason: 'in a repository', overlapMs: 0 },
      });
    });

    test('and that has been dead for long is forgotten, but not by the audit', async () => {
      const { key } = await its.make({ ends: { inMs: HOUR } });
      its.clock.forward(90 * DAY);
      await forgetDead(its.house, its.ledger);
      expect(await its.ledger.db.selectFrom('projectKey').where('id', '=', key.id).selectAll().execute()).toHaveLength(1);
      its.clock.forward(2 * HOUR);
      expect(await forgetDead(its.house, its.ledger)).toBeGreaterThan(0);
      for (const table of ['projectKey', 'localKey'] as const)
        expect(
          await its.ledger.db
            .selectFrom(table)
            .where(table === 'projectKey' ? 'projectKey.id' : 'localKey.projectKeyId', '=', key.id)
            .selectAll()
            .execute(),
        ).toEqual([]);
      expect(await its.audited(key.id)).toHaveLength(1);
    });
  });
});
