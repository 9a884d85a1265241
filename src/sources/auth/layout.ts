import type { HeaderLayout, HeaderParts } from '../../reservation/auth-rule.ts';
import { compilePattern } from './pattern.ts';

/** Where the parts of a signature header are, as a prefix, a format or a regular expression says. Each throws an Error for one of no use. */

/** Of a header: what is longer is read as nothing. */
const LONGEST = 4096;
const MOST_SIGNATURES = 20;

/** The whole value is the prefix and a digest; or several of them in a list. */
export function prefixLayout(prefix: string, separator: string | undefined): HeaderLayout {
  const format = `${prefix}{signature}`;
  const text = separator === undefined ? format : `${format}${separator}…`;
  return layout(text, ['signature'], (value) => {
    const digests = split(value, separator).filter((part) => part.startsWith(prefix));
    return partsOf(digests.map((part) => ({ signature: part.slice(prefix.length) })));
  });
}

/** Likewise, where the prefix may be left out. */
export function optionalPrefixLayout(prefix: string, separator: string | undefined): HeaderLayout {
  const { text, finds } = prefixLayout('', separator);
  return layout(text, finds, (value) =>
    partsOf(split(value, separator).map((part) => ({ signature: part.startsWith(prefix) ? part.slice(prefix.length) : part }))),
  );
}

/** Parts in any order, of which those that the format does not name are passed over: senders add some. */
export function formatLayout(format: string, separator = ','): HeaderLayout {
  const wanted = split(format, separator).map(compileSegment);
  const finds = wanted.flatMap(({ names }) => names);
  checkNames(finds);
  return layout(format, finds, (value) =>
    partsOf(split(value, separator).flatMap((part) => wanted.map((segment) => segment.read(part)).find(Boolean) ?? [])),
  );
}

/** Groups named signature, timestamp and id. */
export function regexLayout(regex: string, separator: string | undefined): HeaderLayout {
  const { pattern, names } = compilePattern(regex);
  checkNames(names);
  return layout(regex, names, (value) =>
    partsOf(split(value, separator).flatMap((part) => (pattern.exec(part)?.groups as Found | undefined) ?? [])),
  );
}

type Name = HeaderLayout['finds'][number];
type Found = Partial<Record<Name, string>>;

function layout(text: string, finds: readonly string[], read: HeaderLayout['read']): HeaderLayout {
  return { text, finds: finds as readonly Name[], read: (value) => (value.length > LONGEST ? undefined : read(value)) };
}

function split(value: string, separator: string | undefined): string[] {
  if (separator === undefined) return [value];
  return value.split(separator).map((part) => part.trim());
}

/** With two timestamps or ids, whoever looks at the first and whoever looks at the last believe different ones. */
function partsOf(found: readonly Found[]): HeaderParts | undefined {
  const signatures = found.flatMap(({ signature }) => signature ?? []);
  const timestamps = new Set(found.flatMap(({ timestamp }) => timestamp ?? []));
  const ids = new Set(found.flatMap(({ id }) => id ?? []));
  if (signatures.length === 0 || signatures.length > MOST_SIGNATURES || timestamps.size > 1 || ids.size > 1) return undefined;
  return { signatures, timestamp: [...timestamps][0], id: [...ids][0] };
}

function checkNames(names: readonly string[]): void {
  const other = names.find((name) => !['signature', 'timestamp', 'id'].includes(name));
  if (other !== undefined) throw new Error(`finds {${other}}, which stands for nothing; there are signature, timestamp and id`);
  if (!names.includes('signature')) throw new Error('does not say where the signature is');
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`says twice where the ${twice} is`);
}

interface Segment {
  readonly names: readonly string[];
  read(part: string): Found | undefined;
}

/** `v1={signature}`: each literal is looked for once, from the left, so nothing is tried twice. */
function compileSegment(segment: string): Segment {
  const [first = '', ...rest] = segment.split(/\{(\w+)\}/);
  const names = rest.filter((_, index) => index % 2 === 0);
  const literals = rest.filter((_, index) => index % 2 === 1);
  if (literals.slice(0, -1).includes('')) throw new Error('has two placeholders with nothing between them');
  return {
    names,
    read(part) {
      if (names.length === 0 || !part.startsWith(first)) return undefined;
      const found: Found = {};
      let from = first.length;
      for (const [index, literal] of literals.entries()) {
        const last = index === literals.length - 1;
        const until = last ? part.length - literal.length : part.indexOf(literal, from);
        if (until < from || !part.startsWith(literal, until)) return undefined;
        found[names[index] as Name] = part.slice(from, until);
        from = until + literal.length;
      }
      return found;
    },
  };
}
