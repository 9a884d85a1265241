import { z } from 'zod';
import { ENFORCED } from '../driver.ts';
import { POINTER } from './pointer.ts';

/* What a preset file holds. What its placeholders and conditions say is read in compile.ts. */

const NAME = z.string().regex(/^[a-z]\w*$/i, 'a name of letters and digits');
const Pointer = z.string().regex(POINTER, 'a JSON pointer such as /data/key');
const When = z.union([z.string(), z.array(z.string())]);
const Statuses = z.array(z.int().min(100).max(599)).min(1);
const Fields = z.record(z.string().regex(/^[\w.$[\]-]+$/, 'a name'), z.union([z.string(), z.number(), z.boolean()]));
const HeaderName = z.string().regex(/^[\w-]+$/, 'the name of a header');

const request = {
  /** Completes "asked to …" in messages. */
  ask: z.string().min(3),
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).default('GET'),
  path: z
    .string()
    .regex(/^\/[^?#\s]*(\{\{[^}]*\}\}[^?#\s]*)*$/, 'a path such as /keys/{{ name }}; its query stands under query:'),
  query: Fields.default({}),
  headers: z.record(HeaderName, z.string()).default({}),
  body: z.json().optional(),
  when: When.optional(),
  ok: Statuses.default([200, 201, 204]),
  /** It was there before, from a call whose answer was lost. */
  exists: Statuses.optional(),
  /** The same, but to be believed only where an earlier step found what was there before. */
  repeated: Statuses.optional(),
  gone: Statuses.optional(),
  retry: Statuses.optional(),
  rejected: Statuses.optional(),
  full: Statuses.optional(),
};

const Request = z.strictObject(request);

const step = {
  ...request,
  forEach: z.string().optional(),
  once: z.enum(['request', 'call']).optional(),
  keep: z.record(NAME, Pointer).default({}),
  /** A list there that has no items means the same as `gone`. */
  empty: Pointer.optional(),
};

const Step = z.strictObject(step);
export type Step = z.output<typeof Step>;

const IssueStep = z.strictObject({ ...step, undo: Request.optional() });
export type IssueStep = z.output<typeof IssueStep>;

/** A step, or steps whose order does not matter. A union would complain of both, whichever was meant. */
function stepsOf<One extends z.ZodType>(one: One) {
  const Group = z.strictObject({ parallel: z.array(one).min(1) });
  const Entry = z.record(z.string(), z.unknown()).transform((written, ctx): readonly z.output<One>[] => {
    const parsed = 'parallel' in written ? Group.safeParse(written) : one.safeParse(written);
    if (parsed.success)
      return 'parallel' in written ? (parsed.data as z.output<typeof Group>).parallel : [parsed.data as z.output<One>];
    for (const issue of parsed.error.issues) ctx.addIssue({ ...issue });
    return z.NEVER;
  });
  return z.array(Entry).min(1);
}

const Paging = z.discriminatedUnion('by', [
  z.strictObject({ by: z.literal('cursor'), at: Pointer }),
  z.strictObject({ by: z.literal('link'), at: Pointer }),
  z.strictObject({ by: z.literal('page'), from: z.int().min(0).default(1) }),
  z.strictObject({ by: z.literal('offset') }),
]);
export type Paging = z.output<typeof Paging>;

const Listing = z.strictObject({
  ...request,
  items: Pointer,
  /** Of each item. */
  name: Pointer,
  keep: z.record(NAME, Pointer).default({}),
  /** The items that say this; others are other people's. */
  only: z.strictObject({ at: Pointer, is: z.string() }).optional(),
  paging: Paging.optional(),
});
export type Listing = z.output<typeof Listing>;

const Usage = z
  .strictObject({
    ...request,
    used: Pointer.optional(),
    remaining: Pointer.optional(),
    limit: Pointer.optional(),
    refused: Pointer.optional(),
  })
  .refine(
    ({ used, remaining, limit }) => (used !== undefined) !== (remaining !== undefined && limit !== undefined),
    'give used, or remaining with limit',
  );

const Value = z.union([z.string(), z.number(), z.boolean()]);

const Probe = z.strictObject({
  ...request,
  held: z.strictObject({ at: Pointer, is: Value }).optional(),
  empty: Pointer.optional(),
});

/** What an operator should know of the manager, where the answer says one thing, or anything but one. */
const Warning = z
  .strictObject({ at: Pointer, is: Value.optional(), isNot: Value.optional(), say: z.string() })
  .refine(({ is, isNot }) => (is === undefined) !== (isNot === undefined), 'give is or isNot');

const Check = z.strictObject({ ...request, warn: z.array(Warning).default([]) });

const By = z.enum(['gateway', 'approximate', 'latchkey', 'none']);
const Limit = z.strictObject({
  by: By,
  note: z.string().optional(),
  cases: z.array(z.strictObject({ when: When, by: By, note: z.string().optional() })).default([]),
});

const Auth = z.union(
  [
    z.literal('bearer'),
    z.strictObject({ header: HeaderName, prefix: z.string().default('') }),
    z.strictObject({ basic: z.string() }),
  ],
  'write bearer, { header: X-Name } or { basic: user }; a token in a query would stand in every access log',
);

const Setting = z.strictObject({
  about: z.string(),
  is: z.enum(['text', 'list', 'map']).default('text'),
  default: z.json().optional(),
});

/** A vendor's key-management API, as a preset file describes it. */
export const PresetFile = z.strictObject({
  about: z.string(),
  auth: Auth.default('bearer'),
  /** What this vendor needs to be told in the configuration, besides its address and token. */
  settings: z.record(NAME, Setting).default({}),
  tables: z.record(NAME, z.record(z.string(), z.json())).default({}),
  keyForm: z.strictObject({ lead: z.string().optional(), joint: z.enum(['_', '']).optional() }).optional(),
  /** Where the id is ours; where it is the vendor's, a step keeps it. */
  id: z.string().optional(),
  limits: z.record(z.enum(ENFORCED), Limit),
  issue: stepsOf(IssueStep),
  revoke: stepsOf(Step).optional(),
  retime: stepsOf(Step).optional(),
  suspend: stepsOf(Step).optional(),
  resume: stepsOf(Step).optional(),
  usage: Usage.optional(),
  probe: Probe.optional(),
  find: Listing.optional(),
  list: Listing.optional(),
  check: Check,
});
export type PresetFile = z.output<typeof PresetFile>;
export type RequestPart = z.output<typeof Request>;
