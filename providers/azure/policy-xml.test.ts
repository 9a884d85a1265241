import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compilePolicy } from './fake-policy.ts';
import { type Element, parseXml } from './fake-xml.ts';
import { pathsExpression } from './path-pattern.ts';
import { policyXml } from './policy-xml.ts';

/** The names of the elements, and how they are in each other. */
const shapeOf = ({ name, children }: Element): string => `${name}(${children.map(shapeOf).join()})`;

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(...`/*\\"'<>&{}@();%.$\n#|[]`, 'a', ']]>', '<!--', '{{', '}}', '\\u0022', '\ud800') }),
);

test('whatever people write into endpoints and methods, the document keeps its elements and says the same of everything else', () => {
  const shape = shapeOf(parseXml(policyXml({ methods: ['GET'], endpoints: ['/api/**'] })));
  fc.assert(
    fc.property(fc.array(anyText, { maxLength: 3 }), fc.array(anyText, { maxLength: 3 }), (endpoints, methods) => {
      const policy = policyXml({ methods, endpoints });
      expect(shapeOf(parseXml(policy))).toBe(shape);
      expect(() => compilePolicy(policy, 'consumption')).not.toThrow();
      expect(policy).not.toMatch(/\{\{|\}\}|<!|\]\]|&(?!#\d+;)/);
    }),
    { numRuns: 300 },
  );
});

test('an expression has no character that could end a string, an attribute or a regular expression', () => {
  fc.assert(
    fc.property(fc.array(anyText), (patterns) => {
      expect(pathsExpression(patterns)).toMatch(/^[A-Za-z0-9/_\\()?:*+^[\]!|%-]*$/);
      expect(pathsExpression(patterns)).not.toMatch(/\\(?![Azu])/);
    }),
    { numRuns: 300 },
  );
});

const segment = fc.constantFrom('a', 'b', 'a.b', 'é', '*', '**', 'a+', '(x');
const pathSegment = fc.constantFrom('a', 'b', 'a.b', 'axb', 'é', 'a+', 'aa', '(x', '');

test('a pattern covers the paths that it says, and no others', () => {
  const visit = { ip: '::1', sid: 's', name: '', at: new Date(), createdAt: new Date() };
  fc.assert(
    fc.property(
      fc.array(segment, { minLength: 1, maxLength: 4 }),
      fc.array(pathSegment, { minLength: 1, maxLength: 5 }),
      (pattern, parts) => {
        const path = `/${parts.join('/')}`;
        if (path.includes('//')) return;
        const policy = compilePolicy(policyXml({ methods: ['GET'], endpoints: [`/${pattern.join('/')}`] }), 'v2');
        const refused = policy({ ...visit, method: 'GET', path }, () => true);
        expect([path, refused === undefined]).toEqual([path, covers(pattern, parts)]);
      },
    ),
    { numRuns: 500 },
  );
});

function covers([head, ...pattern]: readonly string[], path: readonly string[]): boolean {
  if (head === undefined) return path.length === 0;
  const [first, ...rest] = path;
  if (head === '**') return covers(pattern, path) || (first !== undefined && covers([head, ...pattern], rest));
  return first !== undefined && (head === '*' ? first !== '' : head === first) && covers(pattern, rest);
}

test('a policy stands as it is reviewed here', () => {
  const policy = policyXml({
    methods: ['GET', 'POST'],
    endpoints: ['/api/v1.0/**', '/labs/*'],
    allowedIps: [{ from: '10.0.0.0', to: '10.255.255.255' }],
    rate: { policy: 'quota-by-key', calls: 100, seconds: 3600, by: 'approximate' },
    quota: { calls: 1000, seconds: 0 },
  });
  const path = 'context.Request.OriginalUrl.Path';
  expect(
    policy.split('\n').map((line) => line.replaceAll('&#34;', "'").replaceAll('&#38;', '&').replaceAll('&#60;', '<')),
  ).toEqual([
    '<policies>',
    '<inbound>',
    '<base />',
    '<choose>',
    refusal(String.raw`!Regex.IsMatch(context.Request.Method, '\\A(?:GET|POST)\\z')`, 'method'),
    refusal(
      String.raw`Regex.IsMatch(${path}, '/{2}|/\\.\\.?(?:[/;]|\\z)|\\\\|[\\u0000-\\u001f\\u007f]|%(?:2[EFef5]|5[Cc]|[01][0-9A-Fa-f]|7[Ff])')`,
      'path',
    ),
    refusal(String.raw`!Regex.IsMatch(${path}, '\\A(?:/api/v1\\u002e0(?:/[^/]*)*|/labs/[^/]+)\\z')`, 'path'),
    refusal(
      "Regex.IsMatch(context.Subscription?.Name ?? '', 'until=[0-9TZ:-]{20}') && string.CompareOrdinal(Regex.Match(" +
        "context.Subscription.Name, 'until=([0-9TZ:-]{20})').Groups[1].Value, DateTime.UtcNow.ToString('s') + 'Z') <= 0",
      'time',
    ),
    '</choose>',
    '<ip-filter action="allow"><address-range from="10.0.0.0" to="10.255.255.255" /></ip-filter>',
    `<quota-by-key calls="100" renewal-period="3600" counter-key="@('latchkey-' + context.Subscription.Id)" />`,
    '<quota calls="1000" renewal-period="0" />',
    '</inbound>',
    '<backend><base /></backend>',
    '<outbound><base /></outbound>',
    '<on-error><base /></on-error>',
    '</policies>',
  ]);
});

function refusal(condition: string, what: string): string {
  const status = `<set-status code="403" reason="This key does not allow the ${what}" />`;
  return `<when condition="@(${condition})"><return-response>${status}</return-response></when>`;
}

test('the gateway of the tests takes no document that is malformed, unknown or against the rules of a policy', () => {
  const whole = policyXml({
    methods: ['GET'],
    endpoints: ['/**'],
    rate: { policy: 'rate-limit', calls: 1, seconds: 60, by: 'gateway' },
  });
  expect(() => compilePolicy(whole, 'consumption')).not.toThrow();
  for (const [from, to] of [
    ['<base />', '<base>'],
    ['</inbound>', '</outbound>'],
    ['&#34;', '"'],
    ['&#34;', '&#34'],
    ['&#34;', '&quote;'],
    ['&#34;', '&#1;'],
    ['renewal-period="60"', 'renewal-period="301"'],
    ['renewal-period="60"', 'renewal-period="60" renewal-period="60"'],
    ['<rate-limit', '<rate-limit-by-key'],
    ['<choose>', '<rate-limit calls="1" renewal-period="1" /><choose>'],
    ['OriginalUrl', 'Url'],
    ['\\\\A', '\\A'],
    ['</policies>', '</policies><policies />'],
  ] as const)
    expect(() => compilePolicy(whole.replace(from, to), 'consumption'), `${from} → ${to}`).toThrow();
  const hourly = policyXml({
    methods: [],
    endpoints: [],
    rate: { policy: 'quota-by-key', calls: 1, seconds: 3600, by: 'gateway' },
  });
  expect(() => compilePolicy(hourly, 'classic')).not.toThrow();
  expect(() => compilePolicy(hourly, 'v2')).toThrow('quota-by-key');
});
