/**
 * V8 (13.6, of Node.js 24) may read a name that is written with a backslash as another one, which it has seen in an earlier text: after `{"a":1,"\\":2}` it
 * reads `{"a":1,"\u0061":2}` as `{"a":1,"\\":2}`, also in a request of somebody else. So it is given names without any.
 */
export interface PlainlyNamed {
  readonly text: string;
  /** What the names stand for that were put in place of others. */
  readonly stands: ReadonlyMap<string, string>;
}

/** Every string, with a colon behind it if it is a member's name. */
const TEXTS = /"[^"\\]*(?:\\.[^"\\]*)*"(?=\s*(:)?)/gu;
const MARK = '\ue000';

/**
 * Undefined where no name is written so. Throws for a name that no JSON can have; what else is wrong with the text stays wrong with it.
 */
export function withPlainNames(text: string): PlainlyNamed | undefined {
  if (!text.includes('\\')) return undefined;
  const stands = new Map<string, string>();
  const mark = notIn(text);
  const plain = text.replace(TEXTS, (token: string, colon: string | undefined) => {
    if (colon === undefined || !token.includes('\\')) return token;
    const name = `${mark}${stands.size}`;
    stands.set(name, JSON.parse(token) as string);
    return `"${name}"`;
  });
  return stands.size === 0 ? undefined : { text: plain, stands };
}

/** No name in the text begins with it. */
function notIn(text: string): string {
  let longest = 0;
  for (const [run] of text.matchAll(/\ue000+/gu)) longest = Math.max(longest, run.length);
  return MARK.repeat(longest + 1);
}

/** Gives members their names back, in their order. False where two have the same. */
export function nameBack(members: Record<string, unknown>, stands: ReadonlyMap<string, string>): boolean {
  const names = Object.keys(members);
  if (!names.some((name) => stands.has(name))) return true;
  for (const name of names) {
    const [value, real] = [members[name], stands.get(name) ?? name];
    delete members[name];
    if (Object.hasOwn(members, real)) return false;
    members[real] = value;
  }
  return true;
}
