import { createHash } from 'node:crypto';

/** What a placeholder's values look like where they are put in. */
export type Values = Readonly<Record<string, unknown>>;

/** A text as it is, anything else as JSON. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

export interface Filter {
  /** How many arguments it takes. */
  readonly takes: { readonly least: number; readonly most: number };
  /** A list goes through item by item. */
  readonly each?: true;
  /** A filter other than `default` never sees an absent value. */
  apply(value: unknown, args: readonly unknown[], values: Values): unknown;
}

const none = { least: 0, most: 0 };
const one = { least: 1, most: 1 };
const two = { least: 2, most: 2 };

export const FILTERS: Readonly<Record<string, Filter>> = {
  /** Also for an empty text. */
  default: { takes: one, apply: (value, [other]) => (value === undefined || value === '' ? other : value) },
  from: { takes: one, each: true, apply: (value, [map]) => entryOf(map, textOf(value)) },
  join: { takes: one, apply: (value, [between]) => (Array.isArray(value) ? value.join(textOf(between)) : value) },
  methods: { takes: none, apply: (scope, _args, values) => entryOf(values['methodsByScope'], textOf(scope)) ?? [] },
  number: { takes: none, apply: (value) => (value === null || value === '' ? undefined : Number(value)) },
  onlyIf: { takes: two, apply: (value, [is, wanted]) => (is === wanted ? value : undefined) },
  pathRegex: { takes: none, each: true, apply: (glob) => pathRegex(textOf(glob)) },
  replace: { takes: two, each: true, apply: (value, [from, to]) => textOf(value).replaceAll(textOf(from), textOf(to)) },
  uuid5: { takes: { least: 0, most: 3 }, apply: (value, more) => uuid5([value, ...more].map(textOf)) },
};

function entryOf(map: unknown, name: string): unknown {
  return typeof map === 'object' && map !== null && Object.hasOwn(map, name) ? (map as Values)[name] : undefined;
}

// A path pattern as a regular expression for whole paths: `*` is one segment, `**` any number, also none.
function pathRegex(glob: string): string {
  const segments = glob.split('/').slice(1);
  const parts = segments.map((segment) => {
    if (segment === '**') return '(/.*)?';
    return `/${segment === '*' ? '[^/]+' : segment.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}`;
  });
  return `^${parts.join('')}$`;
}

/** RFC 9562 §6.5 names its own space for URLs; ours is one fixed UUID, so that the same text is the same id everywhere. */
const NAMESPACE = Buffer.from('6c617463686b65798e73a1f2b4c5d6e7', 'hex');

function uuid5(parts: readonly string[]): string {
  const digest = createHash('sha1').update(NAMESPACE).update(parts.join('\n')).digest().subarray(0, 16);
  digest[6] = (digest[6]! & 0x0f) | 0x50;
  digest[8] = (digest[8]! & 0x3f) | 0x80;
  const hex = digest.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
