import { afterEach, expect, test } from 'vitest';
import { Secret } from '../src/secret/secret.ts';
import { booking, openApiHouse, type ApiHouse } from './api-house.ts';
import { expectNothingSecret } from './api-secrets.ts';
import { describeEngines } from './engines.ts';

describeEngines('operating by the management API', (engine) => {
  let house: ApiHouse;
  afterEach(async () => {
    expect(house.errors).toEqual([]);
    await expectNothingSecret(house);
    await house.close();
  });

  test('the whole story of a booking, and what happens next', async () => {
    house = await openApiHouse(engine, '2026-01-01T08:30:00Z');
    await house.receive(booking('7'));
    const explain = async () => (await house.get('/explain?source=lab&booking=7')).body;
    expect(await explain()).toMatchObject({
      reservation: {
        source: 'lab',
        externalId: '7',
        title: 'A quiet hour',
        closed: false,
        holders: [{ id: 'ann', email: 'ann@example.org' }],
      },
      events: [{ type: 'created', outcome: 'accepted', seen: 1, said: { startsAt: '2026-01-01T09:00:00.000Z' } }],
      leases: [{ state: 'pending', keys: [], decision: { state: 'pending', steps: [], wakeAt: '2026-01-01T09:00:00.000Z' } }],
      next: 'At 2026-01-01 09:00:00 UTC a key is made for ann at campus.',
    });

    house.clock.set('2026-01-01T09:00:00Z');
    expect((await explain()).leases[0]).toMatchObject({
      decision: { steps: [{ do: 'issue', generation: 1 }] },
      next: 'Now: a key is made at campus.',
    });
    await house.settleAll();
    const active = await explain();
    expect(active.leases[0]).toMatchObject({
      state: 'active',
      keys: [{ state: 'active', generation: 1, hint: expect.stringContaining('temp_') }],
      claims: [{ confirm: 'none', claimedAt: null }],
      deliveries: [{ channel: 'callback', kind: 'issued', target: 'lab', part: 'link', state: 'pending' }],
      grant: { scopes: ['read'], quota: { limit: 1000, per: 'reservation' } },
      debts: [],
    });
    expect(active.next).toBe(
      'The key waits to be claimed by ann until 2026-01-01 11:00:00 UTC. At 2026-01-01 11:00:00 UTC the window closes and the key is taken away.',
    );
    expect(active.audit.map((entry: { action: string }) => entry.action)).toEqual(
      expect.arrayContaining(['lease.active', 'claim.created']),
    );

    house.manager.fail({ on: 'revoke', how: '500', times: 2 });
    await house.receive(booking('7', { type: 'reservation.cancelled', timestamp: '2026-01-01T08:10:00Z' }));
    const owing = await explain();
    expect(owing.leases[0]).toMatchObject({
      state: 'revoking',
      debts: [{ attempts: 1, overdue: false, source: 'lab', holderId: 'ann' }],
    });
    expect(owing.next).toMatch(
      /^A key is being taken away at campus\. The next try is at 2026-01-01 09:00:\d\d UTC\. The last answer was: /,
    );

    house.clock.forward(600_000);
    await house.settleAll();
    house.clock.forward(600_000);
    await house.settleAll();
    expect(await explain()).toMatchObject({
      leases: [{ state: 'revoked', keys: [{ state: 'revoked', proof: { by: 'campus' } }], debts: [] }],
      next: 'Over: the booking was cancelled. Nothing more happens.',
    });
    expect(await house.get('/explain?source=lab&booking=8')).toMatchObject({ status: 404 });
  });

  test('a refused booking says why, and that nothing happens until it changes', async () => {
    house = await openApiHouse(engine);
    await house.receive(booking('7', { parameters: { scopes: ['admin'] } }));
    const { body } = await house.get('/explain?source=lab&booking=7');
    expect(body.next).toBe(
      'Refused: scope "admin" is not granted by plan lab; allowed: read, write. It is looked at again when the booking or the configuration changes.',
    );
  });

  test.each([
    ['no plan', { resource: { id: '99', name: 'coffee', type: 'Machine' } }, 'no plan matches resource "coffee"'],
    ['nobody to give a key to', { holders: [] }, 'the booking names nobody to give a key to'],
  ])('a booking with %s says why it has no key and what to do', async (_name, more, why) => {
    house = await openApiHouse(engine);
    const { policy } = house.state;
    house.state.policy = { ...policy, plans: policy.plans.map((plan) => ({ ...plan, match: { resource: 'lab-*' } })) };
    await house.receive(booking('7', more));
    const { body } = await house.get('/explain?source=lab&booking=7');
    expect(body).toMatchObject({ leases: [], events: [{ outcome: 'accepted' }] });
    expect(body.reservation.problem).toContain(why);
    expect(body.next).toContain(`No key is made: ${why}`);
    expect(body.next).toMatch(
      /Correct it at the source, or the plans in the configuration: it is looked at again .* reloaded\.$/,
    );
  });

  test('a budget is read, added to, frozen and let go again, by who may act, and each of it is in the audit', async () => {
    house = await openApiHouse(engine);
    const { body: key } = await house.post('/projects/default/keys', {
      name: 'course',
      owner: 'ada',
      scopes: ['read'],
      endpoints: ['/**'],
      quota: { limit: 100, per: 'day' },
      rateLimit: { limit: 5, per: 'hour' },
    });
    // The one answer that tells the key.
    house.answers.pop();
    const at = `/budgets/${key.id}`;
    expect(await house.get(at, { as: house.tokens.viewer })).toMatchObject({
      status: 200,
      body: {
        id: key.id,
        project: 'default',
        limits: [{ name: 'hour', limit: 5, used: 0, remaining: 5, windowSeconds: 3600, freesAt: null }],
        quota: { per: 'day', limit: 100, extra: 0, used: 0, remaining: 100, resetsAt: '2026-01-02T00:00:00.000Z' },
        frozen: null,
      },
    });
    const reason = 'the course grew';
    for (const body of [{ amount: 0, reason }, { amount: 1.5, reason }, { amount: 5 }])
      expect((await house.post(`${at}/top-up`, body)).status).toBe(400);
    expect((await house.post(`${at}/top-up`, { amount: 50, reason }, { as: house.tokens.viewer })).status).toBe(403);
    expect(await house.post(`${at}/top-up`, { amount: 50, reason })).toMatchObject({
      status: 200,
      body: { quota: { limit: 150, extra: 50 } },
    });
    expect((await house.post(`${at}/freeze`, { reason })).body).toMatchObject({ frozen: { reason } });
    expect((await house.post(`${at}/unfreeze`, { reason })).body).toMatchObject({ frozen: null });
    const { items } = (await house.get(`/audit?subject=${key.id}`)).body;
    const acts = items.map(({ actor, action }: { actor: string; action: string }) => `${actor} ${action}`);
    expect(acts.filter((act: string) => act.includes('budget.')).toSorted()).toEqual([
      'admin budget.frozen',
      'admin budget.topped-up',
      'admin budget.unfrozen',
    ]);
  });

  test('the use of keys is what their provider says now, or why it says nothing, beside what was verified here', async () => {
    house = await openApiHouse(engine);
    await house.receive(booking('7'));
    const [{ id } = { id: '' }] = await house.leases();
    const [first] = await house.keys();
    const apiKey = (await house.valueOf(first!.id)).reveal();
    for (const method of ['GET', 'GET', 'POST']) house.manager.opensTheDoor({ apiKey, method, path: '/api/x' });
    await house.post(`/leases/${id}/rotate`, { overlap: '1h' });
    const hour = new Date('2026-01-01T09:00:00Z');
    await house.ledger.db.insertInto('usage').values({ leaseId: id, hour, code: 'VALID', count: 3 }).execute();
    const usage = async () => await house.get(`/leases/${id}/usage`, { as: house.tokens.viewer });
    expect(await usage()).toMatchObject({
      status: 200,
      body: {
        leaseId: id,
        verified: { VALID: 3 },
        keys: [
          { keyId: first!.id, generation: 1, state: 'active', provider: 'campus', used: 2, limit: 1000 },
          { generation: 2, used: 0 },
        ],
      },
    });
    const later = await house.get(`/leases/${id}/usage?from=2026-01-01T10:00:00Z&to=2026-01-01T12:00:00Z`);
    expect(later.body.days).toEqual([]);
    const then = await house.get(`/leases/${id}/usage?from=2026-01-01T09:00:00Z&to=2026-01-01T10:00:00Z`);
    expect(then.body.days).toEqual([{ day: '2026-01-01', counts: { VALID: 3 } }]);
    house.manager.fail({ on: 'usage', how: '500', times: 1 });
    const { keys } = (await usage()).body;
    expect(keys.filter((key: { unknown?: string }) => key.unknown?.startsWith('campus: '))).toHaveLength(1);
    Object.assign(house.shop.providers('campus')!.driver, { usage: undefined });
    expect((await usage()).body.keys[0].unknown).toBe('provider campus does not report the use of a key');
    house.clock.set('2026-01-01T11:00:00Z');
    await house.settleAll();
    expect((await usage()).body).toMatchObject({ verified: { VALID: 3 }, keys: [] });
    expect((await house.get('/leases/lse_none/usage')).status).toBe(404);
  });

  test('revoke is 200 when every key is dead, 202 while the provider owes an answer, and may be repeated', async () => {
    house = await openApiHouse(engine);
    await house.receive(booking('7'));
    const [lease] = await house.leases();
    house.manager.fail({ on: 'revoke', how: '500' });
    const owed = await house.post(`/leases/${lease!.id}/revoke`, { reason: 'leak' }, { as: house.tokens.operator });
    expect(owed).toMatchObject({
      status: 202,
      body: { lease: { state: 'revoking', revokedBy: { actor: 'operator-1', reason: 'leak' } } },
    });
    expect((await house.get('/debts')).body).toMatchObject({
      items: [{ leaseId: lease!.id, revokeReason: 'revoked by operator-1: leak' }],
      next: null,
    });
    const keyId = owed.body.lease.keys[0].id as string;
    expect(await house.post(`/debts/${keyId}/retry`)).toMatchObject({ status: 200, body: { lease: { state: 'revoked' } } });
    expect(house.manager.keys()).toEqual([]);
    for (let again = 0; again < 2; again += 1)
      expect(await house.post(`/leases/${lease!.id}/revoke`, { reason: 'leak' })).toMatchObject({
        status: 200,
        body: { lease: { state: 'revoked', keys: [{ state: 'revoked' }] } },
      });
    expect(await house.post(`/debts/${keyId}/retry`)).toMatchObject({ status: 409 });
    expect(await house.post(`/debts/${keyId}/close`, { reason: 'x' })).toMatchObject({ status: 409 });
    const acts = await house.get(`/audit?subject=${lease!.id}&action=lease.revoke`);
    expect(acts.body.items).toMatchObject([{ actor: 'operator-1', detail: { reason: 'leak' } }]);
  });

  test('a debt is closed with a reason, in the name of who did it', async () => {
    house = await openApiHouse(engine);
    await house.receive(booking('7'));
    const [lease] = await house.leases();
    house.manager.fail({ on: 'revoke', how: '403', times: Number.POSITIVE_INFINITY });
    const { body } = await house.post(`/leases/${lease!.id}/revoke`, { reason: 'leak' });
    const closed = await house.post(
      `/debts/${body.lease.keys[0].id}/close`,
      { reason: 'gateway is gone' },
      { as: house.tokens.operator },
    );
    expect(closed).toMatchObject({
      status: 200,
      body: { lease: { state: 'revoked', keys: [{ proof: { closedBy: 'operator-1', reason: 'gateway is gone' } }] } },
    });
  });

  test('suspend, resume, rotate, retime, retry and a new link do to the lease what they say', async () => {
    house = await openApiHouse(engine);
    await house.receive(booking('7'));
    const [{ id } = { id: '' }] = await house.leases();
    const act = async (name: string, body: unknown = {}) =>
      await house.post(`/leases/${id}/${name}`, body, { as: house.tokens.operator });
    const link = await act('claim-link');
    expect(link).toMatchObject({
      status: 200,
      body: {
        url: expect.stringMatching(/^https:\/\/keys\.example\.org\/claim\/[\w-]{43}$/),
        confirm: 'none',
        expiresAt: '2026-01-01T11:00:00.000Z',
      },
    });
    const token = String(link.body.url).split('/').at(-1)!;
    expect(await house.handover.claims.look(token)).toMatchObject({ state: 'waiting' });
    await house.handover.claims.reveal(token, { ip: '127.0.0.1', agent: 'test' });
    expect(await act('claim-link')).toMatchObject({ status: 410, body: { code: 'gone' } });

    expect(await act('rotate', { overlap: '10m', reason: 'yearly' })).toMatchObject({
      status: 200,
      body: {
        lease: { generation: 2, overlapUntil: '2026-01-01T09:10:00.000Z', keys: [{ state: 'active' }, { state: 'active' }] },
      },
    });
    expect(await act('retime', { endsAt: '2026-01-01T12:30:00+02:00' })).toMatchObject({
      status: 200,
      body: { lease: { closesAt: '2026-01-01T10:30:00.000Z' } },
    });
    expect(await act('retime', { endsAt: '2026-01-09T00:00:00Z' })).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('at most 8 h') },
    });
    expect(await act('suspend', { reason: 'broken door' })).toMatchObject({
      status: 200,
      body: { lease: { state: 'suspended' } },
    });
    expect(await act('rotate', { overlap: '0' })).toMatchObject({ status: 409 });
    expect(await act('resume')).toMatchObject({ status: 200, body: { lease: { state: 'active', suspendedAt: null } } });
    expect(await act('retry')).toMatchObject({ status: 200, body: { lease: { state: 'active' } } });
    expect((await house.get(`/leases/${id}`)).body).toMatchObject({ id, source: 'lab', externalId: '7', usage: {} });
  });

  test('what a provider does not do now is 202, what it refuses for good is 409, and neither takes the key that works', async () => {
    house = await openApiHouse(engine);
    await house.receive(booking('7'));
    const [{ id } = { id: '' }] = await house.leases();
    house.manager.fail({ on: 'issue', how: '400', times: 1 });
    expect(await house.post(`/leases/${id}/rotate`, { overlap: '0' })).toMatchObject({
      status: 409,
      body: { detail: expect.stringMatching(/^there is no new key, and the one before it stays: .*campus/) },
    });
    expect((await house.get(`/leases/${id}`)).body).toMatchObject({ state: 'active', generation: 1 });

    house.manager.fail({ on: 'issue', how: '500', times: 1 });
    expect(await house.post(`/leases/${id}/rotate`, { overlap: '0' })).toMatchObject({
      status: 202,
      body: { lease: { keys: [{ state: 'active' }, { state: 'revoking' }, { state: 'intended' }] } },
    });
    house.clock.forward(60_000);
    await house.settleAll();
    house.manager.fail({ on: 'revoke', how: '500', times: 1 });
    expect(await house.post(`/leases/${id}/rotate`, { overlap: '0' })).toMatchObject({
      status: 202,
      body: { lease: { state: 'active', keys: [{}, {}, { state: 'revoking' }, { state: 'active' }] } },
    });
    house.clock.forward(60_000);
    await house.settleAll();
    expect(await house.post(`/leases/${id}/rotate`, { overlap: '0' })).toMatchObject({ status: 200 });
    expect(house.manager.keys()).toHaveLength(1);
    house.manager.fail({ on: 'any', how: '500', times: 1 });
    const longer = { endsAt: '2026-01-01T12:00:00Z' };
    expect(await house.post(`/leases/${id}/retime`, longer)).toMatchObject({ status: 202 });
    expect(await house.post(`/leases/${id}/retry`)).toMatchObject({ status: 200 });
  });

  test('rotations: a dry run changes nothing, a real one is recorded and worked off', async () => {
    house = await openApiHouse(engine);
    for (const id of ['7', '8']) await house.receive(booking(id, { resource: { id, name: `lab-${id}` } }));
    const wish = { provider: 'campus', overlap: '1h', reason: 'yearly' };
    expect(await house.post('/rotations', { ...wish, dryRun: true })).toMatchObject({
      status: 200,
      body: { leases: 2, items: [{ plan: 'lab' }, { plan: 'lab' }] },
    });
    expect((await house.get('/rotations')).body).toEqual({ items: [], next: null });
    const { status, body } = await house.post('/rotations', wish, { as: house.tokens.operator });
    expect(status).toBe(202);
    expect((await house.get(`/rotations/${body.id}`)).body).toMatchObject({
      state: 'running',
      total: 2,
      done: 0,
      actor: 'operator-1',
      filter: { provider: 'campus' },
      overlapMs: 3_600_000,
    });
  });

  test('a rotation of a plan or provider that nobody has is refused, one that reaches nothing is not', async () => {
    house = await openApiHouse(engine);
    const wish = { overlap: '1h', reason: 'yearly' };
    for (const dryRun of [true, false]) {
      expect(await house.post('/rotations', { ...wish, plan: 'labb', dryRun })).toMatchObject({
        status: 400,
        body: { code: 'invalid', at: 'plan', detail: 'there is no plan labb; configured: lab' },
      });
      expect(await house.post('/rotations', { ...wish, plan: 'lab', provider: 'none', dryRun })).toMatchObject({
        status: 400,
        body: { at: 'provider' },
      });
    }
    expect((await house.post('/rotations', { ...wish, plan: 'lab', dryRun: true })).body).toEqual({ leases: 0, items: [] });
    await house.receive(booking('7'));
    house.state.policy = { ...house.state.policy, plans: [] };
    expect((await house.post('/rotations', { ...wish, plan: 'lab', dryRun: true })).body).toMatchObject({ leases: 1 });
  });

  test('of a booking of which nothing could be understood, the story is why', async () => {
    house = await openApiHouse(engine);
    await house.receive({ type: 'reservation.created', timestamp: 'never', data: { reservationId: '1' } });
    expect(await house.get('/explain?source=lab&booking=1')).toMatchObject({
      status: 404,
      body: {
        detail: expect.stringMatching(
          /^there is no booking 1 of source lab: its last event was quarantined, sent\.at .* must be a date/,
        ),
      },
    });
    expect(await house.get('/explain?source=lab&booking=2')).toMatchObject({
      status: 404,
      body: { detail: 'source lab has sent nothing about a booking 2' },
    });
  });

  test('a quarantined event is replayed alone or with all others', async () => {
    house = await openApiHouse(engine);
    for (const id of ['1', '2', '3'])
      await house.receive({ type: 'reservation.created', timestamp: 'never', data: { reservationId: id } });
    const { body } = await house.get('/events?outcome=quarantined&source=lab');
    expect(body.items).toHaveLength(3);
    expect(await house.post(`/events/${body.items[0].id}/replay`)).toMatchObject({
      status: 200,
      body: { status: 'quarantined', eventId: body.items[0].id },
    });
    expect(await house.post('/events/replay', { source: 'lab' })).toMatchObject({
      status: 200,
      body: { replayed: 3, accepted: 0, quarantined: 3, failures: [], next: null },
    });
    expect(await house.post('/events/replay', { source: 'other' })).toMatchObject({ body: { replayed: 0 } });
    const { eventId } = await house.receive(booking('7'));
    expect(await house.post(`/events/${eventId}/replay`)).toMatchObject({ status: 409 });
  });

  test('a delivery is listed, and sent again from the beginning', async () => {
    house = await openApiHouse(engine);
    await house.receive(booking('7'));
    const [lease] = await house.leases();
    const { body } = await house.get(`/deliveries?lease=${lease!.id}&state=pending&channel=callback`);
    expect(body.items).toMatchObject([{ kind: 'issued', attempts: 0 }]);
    const { id } = body.items[0];
    await house.ledger.db.updateTable('delivery').set({ state: 'failed', attempts: 9, lastError: 'answered 500' }).execute();
    expect((await house.get(`/deliveries/${id}`)).body).toMatchObject({ state: 'failed', lastError: 'answered 500' });
    expect(await house.post(`/deliveries/${id}/resend`)).toMatchObject({
      status: 202,
      body: { delivery: { state: 'pending', attempts: 0 } },
    });
  });

  test('what is configured is shown without secrets, and providers are checked on demand', async () => {
    house = await openApiHouse(engine);
    expect((await house.get('/plans')).body).toMatchObject({
      items: [
        {
          name: 'lab',
          provider: 'campus',
          methods: { read: ['GET'] },
          limits: { scopes: { by: 'gateway' }, quota: { by: 'approximate', note: expect.stringContaining('month') } },
        },
      ],
      next: null,
    });
    expect((await house.get('/sources')).body.items).toEqual([
      {
        name: 'lab',
        project: 'default',
        preset: 'standard',
        path: '/webhooks/lab',
        signed: false,
        auth: expect.stringContaining('Standard Webhooks'),
        body: 'json',
        handshakes: [],
        poll: null,
        timezone: null,
        secrets: [],
        tells: { notifications: true, log: false, webhook: false },
      },
    ]);
    const { items } = (await house.get('/providers', { as: house.tokens.viewer })).body;
    expect(items).toMatchObject([{ name: 'campus', driver: 'generic', limits: { scopes: { by: 'gateway' } } }]);
    expect(items[0].check).toBeUndefined();
    expect((await house.get('/providers?check=1', { as: house.tokens.viewer })).status).toBe(403);
    expect((await house.get('/providers?check=1')).body.items).toMatchObject([{ check: { ok: true } }]);
    await house.manager.close();
    expect((await house.get('/providers?check=true')).body.items).toMatchObject([
      { check: { ok: false, error: expect.any(String) } },
    ]);
  });

  test('the audit is verified, also against an anchor, and names the row that was changed', async () => {
    house = await openApiHouse(engine);
    await house.receive(booking('7'));
    const sound = await house.post('/audit/verify', {}, { as: house.tokens.viewer });
    expect(sound).toMatchObject({
      status: 200,
      body: { ok: true, rows: expect.any(Number), head: expect.stringMatching(/^\d+:/) },
    });
    expect((await house.post('/audit/verify', { anchor: sound.body.head })).body.ok).toBe(true);
    await house.ledger.db.updateTable('audit').set({ actor: 'nobody' }).where('seq', '=', 2).execute();
    expect((await house.post('/audit/verify')).body).toEqual({ ok: false, seq: 2, what: 'changed' });
  });

  test('a hook is subscribed, shown without its secret, and told to nobody after it was deleted', async () => {
    house = await openApiHouse(engine);
    const made = await house.post('/hooks', { url: 'https://hooks.example.org/t/0K', kinds: ['issued'] });
    expect(made).toMatchObject({
      status: 201,
      body: { id: expect.stringMatching(/^hok_/), secret: expect.stringMatching(/^whsec_/) },
    });
    expect((await house.get('/hooks')).body.items).toMatchObject([
      { url: 'https://hooks.example.org/t/0K', kinds: ['issued'], disabledAt: null },
    ]);
    await house.receive(booking('7'));
    expect((await house.get('/deliveries?channel=webhook')).body.items).toMatchObject([
      { target: `hook:${made.body.id}`, part: 'news' },
    ]);
    for (let again = 0; again < 2; again += 1)
      expect((await house.ask('DELETE', `/api/v1/hooks/${made.body.id}`)).status).toBe(204);
    expect((await house.get('/hooks')).body.items[0].disabledAt).toBe('2026-01-01T09:00:00.000Z');
    expect(JSON.stringify((await house.get('/audit')).body)).not.toContain('/t/0K');
  });

  test('an operator is added with a token that works, and disabled with one that no longer does', async () => {
    house = await openApiHouse(engine);
    const made = await house.post('/operators', { name: 'grace', role: 'operator' });
    expect(made).toMatchObject({ status: 201, body: { token: expect.stringMatching(/^lko_/) } });
    const grace = new Secret(made.body.token);
    expect((await house.get('/leases', { as: grace })).status).toBe(200);
    expect((await house.get('/operators', { as: grace })).status).toBe(403);
    expect(await house.post('/operators', { name: 'grace', role: 'viewer' })).toMatchObject({
      status: 409,
      body: { at: 'name' },
    });
    expect((await house.post('/operators', { name: 'latchkey', role: 'viewer' })).status).toBe(409);
    for (let again = 0; again < 2; again += 1)
      expect((await house.ask('DELETE', `/api/v1/operators/${made.body.id}`)).status).toBe(204);
    expect((await house.get('/leases', { as: grace })).status).toBe(401);
    expect((await house.post('/operators', { name: 'grace', role: 'viewer' })).status).toBe(409);
    const { items } = (await house.get('/operators')).body;
    const admin = items.find((item: { name: string }) => item.name === 'admin');
    expect((await house.ask('DELETE', `/api/v1/operators/${admin.id}`)).status).toBe(409);
  });

  test('a reload answers what is in force, or every problem', async () => {
    house = await openApiHouse(engine);
    expect(await house.post('/config/reload')).toMatchObject({
      status: 200,
      body: { plans: ['lab'], sources: ['lab'], providers: ['campus'] },
    });
    house.state.problems = [
      {
        severity: 'error',
        file: 'latchkey.yaml',
        line: 3,
        column: 5,
        path: 'plans[0]',
        message: 'is wrong',
        fix: 'make it right',
      },
    ];
    const refused = await house.post('/config/reload');
    expect(refused).toMatchObject({
      status: 422,
      body: { status: 422, problems: [{ line: 3, column: 5, path: 'plans[0]', message: 'is wrong' }] },
    });
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    expect((await house.get('/audit?action=config.reloaded')).body.items).toHaveLength(1);
  });
});
