import { afterAll, beforeAll, expect, test } from 'vitest';
import { addOperator } from '../src/access/roster.ts';
import type { ApiRoute } from '../src/http/api/route.ts';
import type { Policy } from '../src/reservation/policy.ts';
import type { Secret } from '../src/secret/secret.ts';
import { booking, openApiHouse, type ApiHouse } from './api-house.ts';
import { GOOD } from './api-bodies.ts';
import { describeEngines } from './engines.ts';
import { plan, projects, scopes } from './fixtures/plan.ts';

/** In every text of the other project's booking, so that an answer that says anything of it shows. */
const MARK = 'zebra';

describeEngines('projects', (engine) => {
  let house: ApiHouse;
  let chem: Secret;
  /** Of the project named default, by the word of the path. */
  let foreign: Record<string, string>;

  beforeAll(async () => {
    house = await openApiHouse(engine);
    house.state.policy = twoProjects(house.state.policy);
    chem = await hire('chem-admin', 'chem');
    await house.receive(booking(`${MARK}-1`, { holders: [{ id: `${MARK}-holder`, name: MARK }] }));
    await house.receive({ type: 'reservation.created', nonsense: MARK }).catch(() => {});
    await house.receive(booking('own-1'), 'chem-lab');
    const first = async (path: string) => (await house.get(path)).body.items[0];
    const lease = await first('/leases?source=lab');
    const delivery = await first(`/deliveries?lease=${lease.id}`);
    await hire('other-admin', 'default');
    const rotation = (await house.post('/rotations', { overlap: '0', reason: MARK })).body.id;
    const made = (await house.post('/projects/default/keys', { name: MARK, owner: MARK, scopes: ['read'] })).body;
    const many = { verb: 'revoke', items: [{ id: 'pky_0' }], reason: MARK };
    const bulk = (await house.post('/projects/default/keys/bulk', many)).body.id;
    const operators = (await house.get('/operators')).body.items as { id: string; name: string }[];
    foreign = {
      leases: lease.id,
      reservations: lease.reservationId,
      keys: (await first(`/keys?lease=${lease.id}`)).id,
      debts: (await first(`/keys?lease=${lease.id}`)).id,
      events: (await first('/events?source=lab&outcome=accepted')).id,
      quarantine: (await first('/events?source=lab&outcome=quarantined')).id,
      deliveries: delivery.id,
      rotations: rotation,
      operators: operators.find(({ name }) => name === 'other-admin')!.id,
      providers: 'campus',
      sources: 'lab',
      projects: 'default',
      tenant: 'default',
      budgets: made.id,
      bulk,
      project: made.id,
    };
  });
  afterAll(async () => {
    expect(house.errors).toEqual([]);
    await house.close();
  });

  async function hire(name: string, project: string | null): Promise<Secret> {
    return (await addOperator(house.deps, { name, role: 'admin', project, actor: 'admin' })).token;
  }
  const asChem = (route: ApiRoute, path: string) =>
    house.ask(route.method.toUpperCase(), path, { as: chem, body: route.method === 'get' ? undefined : (GOOD[route.id] ?? {}) });

  test('no route shows or changes anything of another project, by id or by list', async () => {
    const before = await worldOf(house);
    for (const route of house.routes) {
      const path = pathOf(route, foreign);
      const answer = await asChem(route, path);
      expect(answer.text.includes(MARK), `${route.id} tells of another project`).toBe(false);
      for (const id of Object.values(foreign).filter((known) => known.length > 10 && !path.includes(known)))
        expect(answer.text.includes(id), `${route.id} tells ${id}`).toBe(false);
      if (route.path.includes('{')) expect([403, 404], `${route.id} ${answer.text}`).toContain(answer.status);
      else if (route.reach === undefined) expect(answer, route.id).toMatchObject({ status: 403, body: { code: 'forbidden' } });
      else expect([200, 201, 202, 400], `${route.id} ${answer.text}`).toContain(answer.status);
      // Somebody else's id under one's own project is no way in either.
      if (/\{(project|tenant)\}\/.*\{id\}/.test(route.path))
        expect([400, 403, 404, 409], route.id).toContain(
          (await asChem(route, pathOf(route, { ...foreign, projects: 'chem', tenant: 'chem' }))).status,
        );
    }
    expect(await worldOf(house)).toEqual(before);
    const acts = await house.ledger.db
      .selectFrom('audit')
      .select(['action', 'subject'])
      .where('actor', '=', 'chem-admin')
      .execute();
    expect(new Set(acts.map(({ action }) => action))).toEqual(new Set(['operator.created']));
  });

  test('what is not theirs is answered as what is not there', async () => {
    for (const [noun, id] of [
      ['leases', foreign['leases']!],
      ['keys', foreign['keys']!],
      ['events', foreign['events']!],
      ['rotations', foreign['rotations']!],
    ] as const) {
      const theirs = await house.get(`/${noun}/${id}`, { as: chem });
      const nobodys = await house.get(`/${noun}/xyz_1`, { as: chem });
      const plain = (text: string) =>
        text
          .replaceAll(id, 'ID')
          .replaceAll('xyz_1', 'ID')
          .replace(/"requestId":"[^"]*"/, '');
      expect([theirs.status, plain(theirs.text)]).toEqual([404, plain(nobodys.text)]);
    }
  });

  test('they see and act on what is theirs, and a rotation of theirs reaches no other lease', async () => {
    const list = async (path: string) => (await house.get(path, { as: chem })).body.items;
    expect(await list('/reservations')).toMatchObject([{ source: 'chem-lab', externalId: 'own-1' }]);
    expect(await list('/events')).toMatchObject([{ source: 'chem-lab' }]);
    const [lease] = await list('/leases');
    expect(lease).toMatchObject({ source: 'chem-lab', plan: 'chem' });
    expect(await list('/keys')).toMatchObject([{ leaseId: lease.id }]);
    for (const delivery of await list('/deliveries')) expect(delivery.leaseId).toBe(lease.id);
    expect((await list('/sources')).map(({ name }: { name: string }) => name)).toEqual(['chem-lab']);
    expect((await list('/plans')).map(({ name }: { name: string }) => name)).toEqual(['chem']);
    expect((await list('/projects')).map(({ name }: { name: string }) => name)).toEqual(['chem']);
    expect((await list('/operators')).map(({ project }: { project: string }) => project)).toEqual(['chem', 'chem']);
    expect((await house.get('/explain?source=chem-lab&booking=own-1', { as: chem })).body.reservation.externalId).toBe('own-1');
    const preview = await house.post('/rotations', { overlap: '0', reason: 'yearly', dryRun: true }, { as: chem });
    expect(preview.body.items).toMatchObject([{ id: lease.id }]);
    const { id } = (await house.post('/rotations', { overlap: '0', reason: 'yearly' }, { as: chem })).body;
    expect((await house.get(`/rotations/${id}`, { as: chem })).body).toMatchObject({ total: 1 });
    expect((await list('/rotations')).map((one: { id: string }) => one.id)).toEqual([id]);
    expect((await house.post(`/leases/${lease.id}/suspend`, { reason: 'spill' }, { as: chem })).status).toBe(200);
  });

  test('an administrator of a project hires for that project only, and dismisses nobody else', async () => {
    const hires = (project?: string | null) =>
      house.post('/operators', { name: `new-${String(project)}`, role: 'admin', project }, { as: chem });
    expect((await hires()).status).toBe(201);
    expect((await hires('chem')).status).toBe(201);
    expect((await hires(null)).status).toBe(403);
    expect((await hires('default')).status).toBe(404);
    const added = (await house.get('/operators', { as: chem })).body.items;
    expect(added.map((one: { project: string }) => one.project)).toEqual(['chem', 'chem', 'chem', 'chem']);
    expect((await house.ask('DELETE', `/api/v1/operators/${added[0].id}`, { as: chem })).status).toBe(204);
    expect((await house.post('/operators', { name: 'x', role: 'viewer', project: 'nowhere' })).status).toBe(404);
  });

  test('the settings in force of a project are told, with who said so', async () => {
    const { body } = await house.get('/projects/chem/config', { as: chem });
    expect(body.settings).toContainEqual({ setting: 'quota', value: { limit: 7, per: 'day' }, from: 'project' });
    expect(body.settings).toContainEqual({ setting: 'prefix', value: 'temp', from: 'global' });
    expect(body.shared).toEqual([{ limit: 70, per: 'minute' }]);
    expect((await house.get('/projects/chem')).body).toMatchObject({ name: 'chem', sources: ['chem-lab'], plans: ['chem'] });
    expect((await house.get('/projects/nowhere')).status).toBe(404);
  });

  test('a dismissed operator of a project is refused everywhere, and fields that nobody asks for are refused', async () => {
    const me = (await house.get('/operators')).body.items.find(({ name }: { name: string }) => name === 'chem-admin');
    await house.ask('DELETE', `/api/v1/operators/${me.id}`);
    for (const route of house.routes) {
      expect((await asChem(route, pathOf(route, foreign))).status, route.id).toBe(401);
      // The words of others may hold more than we read; it changes nothing.
      if (route.method === 'get' || route.method === 'delete' || route.path.startsWith('/tenant/')) continue;
      const more = { ...(GOOD[route.id] as object), owner: 'me', createdAt: '2026-01-01T00:00:00Z' };
      expect((await house.ask(route.method.toUpperCase(), pathOf(route, foreign), { body: more })).status, route.id).toBe(400);
    }
  });
});

/** The bookings of `lab` are of the project named default, those of `chem-lab` of another. */
function twoProjects(policy: Policy): Policy {
  const base = projects['default']!;
  const [lab] = policy.plans;
  return {
    ...policy,
    projects: {
      default: base,
      chem: {
        ...base,
        name: 'chem',
        limits: [{ limit: 70, per: 'minute' }],
        keys: { ...base.keys, quota: { limit: 7, per: 'day' } },
        says: ['quota'],
      },
    },
    sources: { ...policy.sources, 'chem-lab': { ...policy.sources['lab']!, name: 'chem-lab', project: 'chem' } },
    plans: [lab!, { ...plan, ...lab!, name: 'chem', project: 'chem' }],
    scopesOf: () => scopes,
    projectOf: (source) => ({ lab: 'default', 'chem-lab': 'chem' })[source],
  };
}

/** What could have changed. */
async function worldOf({ ledger, manager }: ApiHouse) {
  const rows = await ledger.db
    .selectFrom('lease')
    .innerJoin('reservation', 'reservation.id', 'lease.reservationId')
    .select(['lease.id', 'lease.state', 'lease.generation', 'lease.suspendedAt', 'lease.revokedBy', 'reservation.endsAt'])
    .where('reservation.source', '=', 'lab')
    .execute();
  const deliveries = await ledger.db.selectFrom('delivery').select(['id', 'state', 'attempts']).orderBy('id').execute();
  const operators = await ledger.db.selectFrom('operator').select('id').where('disabledAt', 'is not', null).execute();
  const made = await ledger.db.selectFrom('projectKey').selectAll().orderBy('id').execute();
  const budgets = await ledger.db.selectFrom('budget').selectAll().execute();
  return { rows, deliveries, operators, made, budgets, keys: manager.keys().map((key) => [key.name, key.api_key]) };
}

/** The word before an id says what it is of; below a project, keys are those of the project. */
function pathOf(route: ApiRoute, ids: Record<string, string>): string {
  const own = /\{(project|tenant)\}\/.*\{id\}/.test(route.path) ? { keys: ids['project'], 'api-keys': ids['project'] } : {};
  const named: Record<string, string | undefined> = { ...ids, ...own };
  const path = route.path.replaceAll(
    /(\w[\w-]*)\/\{\w+\}/g,
    (_, word: string) => `${word}/${encodeURIComponent(named[word] ?? 'x')}`,
  );
  return `/api/v1${path}`;
}
