import { z } from 'zod';
import { startVendor, taking, type Answer, type Knock, type Sent, type VendorFake } from './vendor.ts';

/*
 * Gravitee APIM 4, its Management API: applications by v1, subscriptions by v2 (documentation.gravitee.io "Create Applications and
 * Subscriptions Using the Management API"; gravitee-api-management `openapi-apis.yaml`, `SubscriptionServiceImpl`). One API, one plan.
 */

export interface GraviteeOptions {
  readonly token: string;
  readonly now: () => Date;
  readonly apiId: string;
  readonly planId: string;
  /** The plan at Gravitee, as its publisher made it. */
  readonly plan: {
    readonly methods: readonly string[];
    readonly validation: 'AUTO' | 'MANUAL';
    readonly status: 'PUBLISHED' | 'CLOSED';
  };
}

const Application = z.strictObject({
  name: z.string().min(1),
  description: z.string(),
  settings: z.strictObject({ app: z.strictObject({ client_id: z.string() }) }).optional(),
});
/** As `VerifySubscription` says: without ^ # % @ \ / ; = ? | ~ , and spaces. */
const CustomKey = z.string().regex(/^[^#%@/;=?|^~, \\]{8,}$/);
const CreateSubscription = z.strictObject({ applicationId: z.string(), planId: z.string(), customApiKey: CustomKey });
const instant = z.iso.datetime();
const UpdateSubscription = z.strictObject({ startingAt: instant, endingAt: instant });

interface Kept extends z.infer<typeof Application> {
  readonly id: string;
  status: 'ACTIVE' | 'ARCHIVED';
}
interface Subscription {
  readonly id: string;
  readonly applicationId: string;
  readonly key: string;
  status: 'ACCEPTED' | 'CLOSED';
  startingAt: Date;
  endingAt?: Date;
}

const done = (body: object, status = 200): Answer => ({ status, body });
const refused = (technicalCode: string): Answer => ({
  status: 400,
  body: { httpStatus: 400, message: 'Bad request', technicalCode },
});
const missing: Answer = { status: 404, body: { httpStatus: 404, message: 'Not found' } };

export async function startGravitee({ token, now, apiId, planId, plan }: GraviteeOptions): Promise<VendorFake> {
  const applications = new Map<string, Kept>();
  const subscriptions = new Map<string, Subscription>();
  const uuid = (kind: string, count: number) => `${kind}-0000-4000-8000-${String(count).padStart(12, '0')}`;
  const nameOf = ({ applicationId }: Subscription) => applications.get(applicationId)?.name ?? '';
  const shown = (one: Subscription) => ({
    id: one.id,
    plan: { id: planId },
    application: { id: one.applicationId, name: nameOf(one) },
    status: one.status,
  });

  function search({ query }: Sent): Answer {
    const text = query.get('query') ?? '';
    const found = [...applications.values()].filter(({ name, status }) => name.includes(text) && status === query.get('status'));
    return done(found.map(({ id, name, status }) => ({ id, name, status })));
  }
  const register = taking(Application, refused('validation'), (body) => {
    const client = body.settings?.app.client_id;
    if (client && [...applications.values()].some((one) => one.settings?.app.client_id === client))
      return refused('application.clientId.exists');
    const kept: Kept = { ...body, id: uuid('4984c004', applications.size), status: 'ACTIVE' };
    applications.set(kept.id, kept);
    return done({ id: kept.id, name: kept.name, status: kept.status, type: 'SIMPLE' }, 201);
  });
  /** Closes its subscriptions too. Doing it again is no error. */
  function archive({ params }: Sent): Answer {
    const kept = applications.get(params['id'] ?? '');
    if (!kept) return missing;
    kept.status = 'ARCHIVED';
    for (const one of subscriptions.values()) if (one.applicationId === kept.id) one.status = 'CLOSED';
    return { status: 204 };
  }

  const subscribe = taking(CreateSubscription, refused('validation'), ({ applicationId, planId: asked, customApiKey }) => {
    if (!applications.has(applicationId) || asked !== planId) return missing;
    if (plan.status !== 'PUBLISHED') return refused('plan.closed');
    const live = [...subscriptions.values()].filter(({ status }) => status === 'ACCEPTED');
    // An application has one subscription to a plan at a time.
    if (live.some((one) => one.applicationId === applicationId)) return refused('plan.subscribed');
    if (live.some(({ key }) => key === customApiKey)) return refused('apiKey.existing');
    const id = uuid('3a1fb667', subscriptions.size);
    // A plan that somebody approves gets a key of Gravitee's own.
    const key = plan.validation === 'AUTO' ? customApiKey : `made-by-gravitee-${id}`;
    const made: Subscription = { id, applicationId, key, status: 'ACCEPTED', startingAt: now() };
    subscriptions.set(id, made);
    return done(shown(made), 201);
  });
  function page({ query }: Sent): Answer {
    const [number, size] = [Number(query.get('page') ?? 1), Number(query.get('perPage') ?? 10)];
    const application = query.get('applicationIds');
    const found = [...subscriptions.values()].filter(
      (one) => one.status === 'ACCEPTED' && (!application || one.applicationId === application),
    );
    return done({ data: found.slice((number - 1) * size, number * size).map(shown), pagination: { totalCount: found.length } });
  }
  const update = taking(UpdateSubscription, refused('validation'), ({ startingAt, endingAt }, { params }) => {
    const kept = subscriptions.get(params['id'] ?? '');
    if (!kept) return missing;
    if (kept.status === 'CLOSED') return refused('subscription.notUpdatable');
    return done(shown(Object.assign(kept, { startingAt: new Date(startingAt), endingAt: new Date(endingAt) })));
  });

  function knock({ apiKey, method }: Knock): number {
    const at = now();
    const kept = [...subscriptions.values()].find(({ key, status }) => key === apiKey && status === 'ACCEPTED');
    const valid = kept && kept.startingAt <= at && (!kept.endingAt || at < kept.endingAt);
    if (!valid) return 401;
    return plan.methods.includes(method) ? 200 : 403;
  }

  const v1 = '/management/organizations/DEFAULT/environments/DEFAULT';
  const v2 = `/management/v2/organizations/DEFAULT/environments/DEFAULT/apis/${apiId}`;
  const planOf = ({ params }: Sent): Answer =>
    params['id'] === planId ? done({ id: planId, security: { type: 'API_KEY' }, ...plan }) : missing;
  const server = await startVendor({
    lost: missing,
    malformed: refused('unexpected'),
    credential: ['authorization', `Bearer ${token}`],
    refused: { status: 401, body: { message: 'Unauthorized' } },
    routes: {
      [`GET ${v1}/applications`]: { places: [], act: search },
      [`POST ${v1}/applications`]: { places: ['issue'], act: register },
      [`DELETE ${v1}/applications/:id`]: { places: ['revoke'], act: archive },
      [`GET ${v2}/plans/:id`]: { places: ['check'], act: planOf },
      [`GET ${v2}/subscriptions`]: { places: ['list'], act: page },
      [`POST ${v2}/subscriptions`]: { places: ['policy'], act: subscribe },
      [`PUT ${v2}/subscriptions/:id`]: { places: ['policy', 'retime'], act: update },
    },
  });
  const live = () => [...subscriptions.values()].filter(({ status }) => status === 'ACCEPTED');
  return {
    ...server,
    knock,
    keys: () => live().map((one) => ({ name: nameOf(one), policies: [`plan ${planId}`], closesAt: one.endingAt })),
  };
}
