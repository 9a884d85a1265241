import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createGuard } from '../src/access/guard.ts';
import { bootstrapAdmin, findOperator } from '../src/access/operators.ts';
import { addOperator } from '../src/access/roster.ts';
import { mintToken } from '../src/access/tokens.ts';
import { openHandover } from '../src/handover/open.ts';
import { OURS } from './handover-world.ts';
import { apiDeclarations, apiRoutes } from '../src/http/api/api.ts';
import type { ApiDeps, ConfigProblem } from '../src/http/api/deps.ts';
import { createApp } from '../src/http/app.ts';
import { openKeys } from '../src/keys/open.ts';
import { createOutgoing } from '../src/handover/outgoing.ts';
import { createReceiver } from '../src/intake/receive.ts';
import { createRecorder } from '../src/lab/recorder.ts';
import { createInventories } from '../src/lease/inventory/open.ts';
import { createRotations } from '../src/lease/rotations.ts';
import { createTryOut } from '../src/lease/trial.ts';
import { startJobs } from '../src/ledger/jobs.ts';
import { createBulks } from '../src/managed/bulk/bulks.ts';
import { createMint } from '../src/managed/mint.ts';
import { signWith } from '../src/managed/sign.ts';
import { openPolling } from '../src/polling/open.ts';
import { silentLog } from '../src/observe/log.ts';
import type { Policy } from '../src/reservation/policy.ts';
import { openScopes } from '../src/scopes/open.ts';
import { Secret } from '../src/secret/secret.ts';
import type { TestEngine } from './engines.ts';
import { ofDefault, plan as lab, scopes, projects, tokenRules } from './fixtures/plan.ts';
import { clockAt, openWorkshop, type Far } from './workshop.ts';
import { sourceOf } from './fixtures/source.ts';

/** The management API over real HTTP: a real ledger, settling at a key manager that can fail, receiver and hand-over; only the clock is ours. */

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read what came over the wire
  readonly body: any;
}

export interface Ask {
  readonly as?: Secret | null;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** As it is, instead of JSON. */
  readonly raw?: string;
}

export type ApiHouse = Awaited<ReturnType<typeof openApiHouse>>;

export async function openApiHouse(engine: TestEngine, startsAt = '2026-01-01T09:00:00Z', more: { far?: Far } = {}) {
  const clock = clockAt(startsAt);
  const work = await openWorkshop(engine, { ...more, clock });
  const { ledger, sealer, shop, chain } = work;
  const plan = { ...lab, provider: 'campus' };
  const state = { problems: [] as ConfigProblem[], policy: policyOf(plan), sendsMail: false };
  const jobs = await startJobs(ledger);
  const policy = () => state.policy;
  const now = () => clock.now();
  const handover = openHandover({
    ledger,
    sealer,
    jobs,
    policy,
    now,
    log: silentLog,
    unenforced: () => [],
    keeping: OURS,
    settings: { publicUrl: 'https://keys.example.org', smtpFrom: 'keys@example.org', allowPrivateTargets: [] },
    metrics: { deliveryFailures: { inc() {} }, alerts: { inc() {} } },
  });
  Object.assign(work.bound, { announce: handover.announce, policy });
  const recorder = createRecorder({ ledger, sealer, policy, now, log: silentLog });
  await recorder.open();
  const receiver = createReceiver({ ledger, jobs, sealer, policy, now });
  const log = { ...silentLog, error: (message: string, fields?: object) => void work.errors.push({ message, ...fields }) };

  const tokens = { admin: mintToken(), operator: new Secret(''), viewer: new Secret('') };
  await bootstrapAdmin(ledger, tokens.admin, now);
  const hire = async (role: 'operator' | 'viewer') =>
    (await addOperator({ ledger, now }, { name: `${role}-1`, role, actor: 'admin' })).token;
  tokens.operator = await hire('operator');
  tokens.viewer = await hire('viewer');

  const builtin = await openKeys({ ledger, now, log: () => {}, checkToken: work.signed.check });
  const configuredScopes = (project: string) => state.policy.scopesOf(project);
  const catalogue = await openScopes({ ledger, configured: configuredScopes, now, log: () => {} });
  const rules = (provider: string) => state.policy.providers[provider];
  const inventories = createInventories({ shop, jobs, rules, alert: handover.alert, counted: () => {} });
  const providers: ApiDeps['providers'] = (name) => (name === 'campus' ? shop.providers(name) : undefined);
  const managed = {
    within: builtin.within,
    usage: builtin.manager.usage,
    sealer,
    policy,
    now,
    mint: createMint({ sign: signWith(work.signed.mint) }),
  };
  const bulks = createBulks({ house: managed, ledger, jobs });
  const deps: ApiDeps = {
    ledger,
    guard: createGuard({ find: (token) => findOperator(ledger, token), log, guessesPerMinute: 10_000 }),
    operations: work.operations,
    inventories,
    rotations: createRotations({ ledger, jobs, operations: work.operations, now }),
    receiver,
    polling: openPolling({
      ledger,
      jobs,
      sealer,
      policy,
      now,
      outgoing: createOutgoing({ now }),
      alert: handover.alert,
      random: () => 1,
      log: () => {},
    }),
    recorder,
    handover,
    policy,
    configuredScopes,
    scopes: catalogue,
    providers,
    call: shop.call,
    watch: work.watch,
    tryOut: createTryOut({ ...shop, providers, policy, wait: async () => {} }),
    budgets: builtin.budgets,
    signingKeys: work.signed.signingKeys,
    managed,
    bulks,
    chain,
    sealer,
    reload: async () => state.problems,
    now,
    get sendsMail() {
      return state.sendsMail;
    },
    quarantineKeptMs: 14 * 86_400_000,
    publicUrl: 'https://keys.example.org',
    version: '1.2.3',
  };
  const server = createApp({ log, trustProxy: [], routers: [apiRoutes(deps)] }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  /** Every answer so far, for what must be in none. */
  const answers: { asked: string; text: string }[] = [];

  async function ask(method: string, path: string, { as = tokens.admin, body, raw, headers: more }: Ask = {}): Promise<Answered> {
    const headers = { ...(as ? { authorization: `Bearer ${as.reveal()}` } : {}), 'content-type': 'application/json', ...more };
    const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(url + path, { method, headers, body: sent });
    const text = await response.text();
    answers.push({ asked: `${method} ${path}`, text });
    const json = response.headers.get('content-type')?.includes('json') === true;
    return { status: response.status, headers: response.headers, text, body: json ? JSON.parse(text) : undefined };
  }

  return {
    ...work,
    state,
    plan,
    handover,
    tokens,
    deps,
    inventories,
    bulks,
    builtin,
    url,
    routes: apiDeclarations(deps),
    /** What is asked of a gateway's verify. */
    verify: builtin.verify,
    answers,
    ask,
    get: (path: string, options?: Ask) => ask('GET', `/api/v1${path}`, options),
    post: (path: string, body: unknown = {}, options?: Ask) => ask('POST', `/api/v1${path}`, { ...options, body }),
    /** One event, received as from the network and settled. */
    receive: async (document: unknown, source = 'lab') => {
      const body = Buffer.from(JSON.stringify(document));
      const reception = await receiver.receive({ source, rawHeaders: [], body, requestId: 'request-1' });
      await work.settleAll();
      if (reception.kind !== 'recorded') throw new Error('it was answered as a handshake');
      return reception.outcome;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      handover.close();
      await builtin.close();
      await catalogue.close();
      await recorder.close();
      await jobs.stop();
      await work.close();
    },
  };
}

function policyOf(plan: Policy['plans'][number]): Policy {
  const callback = { notifications: 'https://lab.example.org/told', timeoutMs: 1000 };
  return {
    projects,
    sources: { lab: sourceOf({ preset: 'standard' }, { name: 'lab', change: { callback } }) },
    providers: {
      campus: { name: 'campus', driver: 'generic', inventory: 'report', strays: 'report', verify: false, config: {} },
    },
    scopes,
    ...ofDefault,
    tokens: tokenRules,
    plans: [{ ...plan, handover: { by: ['callback'], confirm: 'none' } }],
  };
}

/** A booking in the format of the preset `standard`. */
export function booking(id: string, more: Record<string, unknown> = {}) {
  const { type = 'reservation.created', timestamp = '2026-01-01T08:00:00Z', ...data } = more;
  return {
    type,
    timestamp,
    data: {
      reservationId: id,
      title: 'A quiet hour',
      resource: { id: 'r1', name: 'lab-1', type: 'API Key' },
      holders: [{ id: 'ann', name: 'Ann', email: 'ann@example.org' }],
      startsAt: '2026-01-01T09:00:00Z',
      endsAt: '2026-01-01T11:00:00Z',
      ...data,
    },
  };
}
