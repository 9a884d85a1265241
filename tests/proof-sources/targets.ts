import { sourceOf } from '../fixtures/source.ts';
import type { Target } from './fuzz-cases.ts';
import { createRandom } from './random.ts';
import { randomExpression } from './random-expression.ts';
import { clock } from './script.ts';
import { scripts } from './scripts.ts';
import { SECRET } from './secret.ts';

/** What the fuzzing shoots at: every preset with its own messages, and maps that nobody would write who means well. */

export function presetTarget(id: string): Target {
  const script = scripts[id]!(clock);
  const source = sourceOf({ preset: id, secrets: [SECRET], ...script.entry }, { name: id });
  return { source, messages: [...script.stories.flatMap(({ sends }) => sends), ...(script.noise ?? [])] };
}

/** Expressions that make much of little, or look at everything; each is allowed. */
const GREEDY = {
  reservationId: "join('-', [to_string(a), to_string(sort_by(list, &id)[0].id), request.headers.\"ce-id\" || 'x'])",
  title: 'to_string(body)',
  resource: 'list[?contains(to_string(body), to_string(@))] | [0].id || a',
  resourceName: 'join(`","`, list[].list[].to_string(@))',
  resourceType: "split(to_string(body), '\"')[-1]",
  startsAt: "datetime(day, from) || epoch(when, 'ms') || iso(text)",
  endsAt: 'add_minutes(startsAt || datetime(day, from), length)',
  holders: 'people[].{ id: id || mail, name: join(`" "`, [name || `""`, name || `""`]), email: mail }',
  version: 'sum(list[].n) || max(list[].n) || when',
  dedupe: 'to_string(sort(keys(body)))',
  supersedes: 'list[].[old, older[]][] | [?@]',
  parameters: 'parse_json(wants) || merge(wants, { quota: length(list) })',
  reply: '{ webhookId: to_string(zip(list, list)), userId: reverse(to_string(body)) }',
};

/** One that has a little of everything. */
export const message = {
  a: 1,
  day: '2026-03-02',
  from: '09:30',
  when: 1_772_442_000_000,
  text: '2026-03-02 09:30',
  length: 90,
  wants: '{"scopes":["read"]}',
  list: Array.from({ length: 30 }, (_, index) => ({
    id: `e${index}`,
    n: index,
    old: `o${index}`,
    older: ['p', 'q'],
    list: [1, 2, 3],
  })),
  people: [{ id: 'ada', name: 'Ada', mail: 'ada@example.org' }, { mail: 'bob@example.org' }],
};

export const nastyTargets: readonly Target[] = [
  {
    source: sourceOf(
      {
        auth: { hmac: { header: 'x-signature', prefix: 'sha512=', algorithm: 'sha512', encoding: 'base64' } },
        secrets: [SECRET],
        timezone: 'Europe/Rome',
        sent: { at: 'text && iso(text)', within: '365d' },
        volatile: ['when'],
        map: [
          { match: [{ expr: 'length(list[?list[?@ == `3`]]) > `100000`' }], action: 'ignore' },
          { match: { expr: 'type(people)', in: ['array'] }, action: 'created', fields: GREEDY },
          {
            action: { expr: 'kind', values: { gone: 'cancelled' }, otherwise: 'updated' },
            forEach: 'list',
            fields: { ...GREEDY, reservationId: 'item.id' },
          },
        ],
      },
      { name: 'greedy' },
    ),
    messages: [{ body: message }, { body: { ...message, people: null } }, { body: { ...message, people: null, kind: 'gone' } }],
  },
  {
    form: true,
    source: sourceOf(
      {
        auth: { hmac: { header: 'x-check', signed: '{timestamp}/{body}', timestampHeader: 'x-when', timestampUnit: 'ms' } },
        secrets: [SECRET],
        body: { kind: 'form', contentEncoding: 'gzip' },
        timezone: 'Europe/Rome',
        map: [
          {
            match: { expr: 'was', in: ['RES'] },
            action: 'created',
            fields: {
              reservationId: 'nr',
              resource: 'raum',
              startsAt: 'minutes(tag, von)',
              endsAt: 'minutes(tag, bis)',
              holderId: 'wer',
            },
          },
          { match: { expr: 'was', in: ['WEG'] }, action: 'cancelled', fields: { reservationId: 'nr' } },
        ],
      },
      { name: 'form' },
    ),
    messages: [
      { body: { was: 'RES', nr: 'A1', raum: '2', tag: '2026-03-02', von: '540', bis: '600', wer: '4711' } },
      { body: { was: 'WEG', nr: 'A1' } },
    ],
  },
  {
    source: sourceOf(
      {
        auth: { basic: { username: 'script' } },
        secrets: [SECRET],
        body: { kind: 'text' },
        map: [
          {
            match: { expr: "starts_with(text, 'book ')" },
            action: 'created',
            fields: { reservationId: "split(text, ' ')[1]", startsAt: "split(text, ' ')[2]", holders: "split(text, ' ')[3:]" },
          },
        ],
      },
      { name: 'text' },
    ),
    messages: [{ body: 'book B-1 2026-03-02T09:00:00Z ada grace' }, { body: 'x y '.repeat(2000) }],
  },
];

const WRITTEN = 25;

/** Sources whose maps were written by chance, as far as the configuration takes them. */
export function expressionTargets(seed: number): Target[] {
  const targets: Target[] = [];
  for (let at = seed; targets.length < WRITTEN; at += 1) {
    const random = createRandom(at);
    const [match, each, value] = Array.from({ length: 3 }, () => randomExpression(random, 3));
    const map = [
      { match: { expr: match }, action: 'ignore' },
      { forEach: each, action: 'updated', fields: { reservationId: `item.id || (${value})`, title: value, holders: value } },
    ];
    try {
      const source = sourceOf({ auth: { bearer: {} }, secrets: [SECRET], timezone: 'UTC', map }, { name: `written-${at}` });
      targets.push({ source, messages: [{ body: message }] });
    } catch {
      // Refused when it was read, as fuzz-expressions.test.ts asks for.
    }
  }
  return targets;
}
