import fc from 'fast-check';

/** Expressions of every construct that a mapping may use, and documents in which they find something. */

const word = fc.constantFrom('', 'a', 'b', 'ab', 'abc abc', ' a ', '7', '1.5e1', 'é');
const number = fc.oneof(fc.integer({ min: -3, max: 12 }), fc.constantFrom(0.5, -1.25, 100));

/** What most functions take, by name; `x` is anything, and any of it may be missing. */
const MEMBERS = ['n', 't', 'ns', 'ts', 'os', 'o', 'x'] as const;
const name = fc.constantFrom(...MEMBERS);

export const documents: fc.Arbitrary<unknown> = fc.letrec<{ any: unknown; object: unknown }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.oneof(fc.constant(null), fc.boolean(), number, word),
    fc.array(tie('any'), { maxLength: 4 }),
    tie('object'),
  ),
  object: fc.record(
    {
      n: number,
      t: word,
      ns: fc.array(number, { maxLength: 5 }),
      ts: fc.array(word, { maxLength: 5 }),
      os: fc.oneof({ maxDepth: 3, depthSize: 'small' }, fc.constant([]), fc.array(tie('object'), { maxLength: 4 })),
      o: fc.oneof({ maxDepth: 3, depthSize: 'small' }, fc.constant(null), tie('object')),
      x: tie('any'),
    },
    { requiredKeys: ['n', 't', 'ns', 'ts'] },
  ),
})).object;

const bound = fc.oneof(fc.constant(''), fc.integer({ min: -5, max: 5 }).map(String));
const slice = fc
  .tuple(bound, bound, fc.constantFrom('', ':', ':1', ':2', ':-1', ':-2'))
  .map((parts) => `[${parts.slice(0, 2).join(':')}${parts[2]}]`);
const literal = fc.oneof(
  word.map((value) => `'${value}'`),
  fc.oneof(number, fc.constantFrom(null, true, false, [], {}, [1, 'a'], { n: 1 })).map((value) => `\`${JSON.stringify(value)}\``),
);

/** Of each argument the member that fits; `&` is an expression, and in quotes and digits what only makes sense as a literal. */
const CALLS = [
  'abs n|avg ns|ceil n|contains ts t|contains t t|ends_with t t|find_first t t|find_first t t 1|find_first t t 1 9|floor n|from_items items|items o',
  "join '' ts|keys o|length t|length ts|length o|lower t|map & os|max ns|max ts|max_by os &|merge o o|min ns|min ts|min_by os &|not_null x n t",
  "reverse ts|reverse t|sort ns|sort ts|sort_by os &|split t ''|split t '' 1|starts_with t t|sum ns|to_array x|to_number x|to_number t|to_string x",
  "trim t|trim t ''|trim_left t|trim_left t ''|trim_right t|trim_right t ''|type x|upper t|values o|zip ns ts",
].flatMap((line) => line.split('|').map((call) => call.split(' ') as [string, ...string[]]));

const SIGNS = ['|', '||', '&&', '==', '!=', '<', '<=', '>', '>=', '+', '-', '*', '/', '//', '%'] as const;

export const expressions: fc.Arbitrary<string> = fc.letrec<{ any: string }>((tie) => {
  const any = tie('any');
  const given: Readonly<Record<string, fc.Arbitrary<string>>> = {
    '&': fc.oneof(fc.constantFrom('n', 't', '@'), any).map((one) => `&${one}`),
    "''": word.map((one) => `'${one}'`),
    // The library takes an end of 0 for none.
    '9': fc.integer({ min: 1, max: 9 }).map((one) => `\`${one}\``),
    '1': fc.integer({ min: 0, max: 5 }).map((one) => `\`${one}\``),
    items: any.map((one) => `items(${one})`),
  };
  const argument = (kind: string) =>
    given[kind] ??
    fc.oneof(
      { weight: 3, arbitrary: fc.constant(kind) },
      { weight: 1, arbitrary: any.map((of) => `${of}.${kind}`) },
      { weight: 1, arbitrary: any },
    );
  const call = fc
    .constantFrom(...CALLS)
    .chain(([called, ...kinds]) => fc.tuple(...kinds.map(argument)).map((args) => `${called}(${args.join(', ')})`));
  const binary = fc.tuple(any, fc.constantFrom(...SIGNS), any).map((parts) => parts.join(' '));
  const after = fc.oneof(
    name.map((one) => `.${one}`),
    fc.constantFrom('[0]', '[-1]', '[2]', '[]', '[*]', '.*'),
    slice,
    any.map((one) => `[?${one}]`),
  );
  const made = fc.oneof(
    fc.tuple(any, any).map((parts) => `[${parts.join(', ')}]`),
    fc.tuple(any, any).map(([first, then]) => `{n: ${first}, "d d": ${then}}`),
  );
  return {
    any: fc.oneof(
      { maxDepth: 5, depthSize: 'small' },
      { weight: 4, arbitrary: name },
      { weight: 1, arbitrary: fc.oneof(literal, fc.constantFrom('@', '$', '$.os', '*', '[0]', '[*]', 'os[].ts', 'os[*].n')) },
      { weight: 6, arbitrary: fc.tuple(any, after).map((parts) => parts.join('')) },
      {
        weight: 3,
        arbitrary: fc.oneof(
          made,
          fc.tuple(any, made).map((parts) => parts.join('.')),
        ),
      },
      { weight: 2, arbitrary: any.map((one) => `(${one})`) },
      { weight: 2, arbitrary: fc.tuple(fc.constantFrom('!', '-', '+'), any).map((parts) => parts.join('')) },
      {
        weight: 5,
        arbitrary: fc.oneof(
          binary,
          binary.map((one) => `(${one})`),
        ),
      },
      { weight: 1, arbitrary: fc.tuple(any, any, any).map(([asked, yes, no]) => `${asked} ? ${yes} : ${no}`) },
      { weight: 6, arbitrary: call },
    ),
  };
}).any;
