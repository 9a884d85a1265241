/** An element of a policy document. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  readonly text: string;
}

const TOKEN = /<(\/)?([A-Za-z][\w-]*)((?:\s+[A-Za-z][\w-]*="[^"<]*")*)\s*(\/)?>|([^<]+)/y;
const ATTRIBUTE = /([A-Za-z][\w-]*)="([^"<]*)"/g;

interface Open {
  name: string;
  attributes: Record<string, string>;
  children: Element[];
  text: string;
}

/** Well-formed XML without declarations, comments and CDATA. Throws for anything else. */
export function parseXml(source: string): Element {
  const root: Open = { name: '', attributes: {}, children: [], text: '' };
  const stack = [root];
  if (![...source].every(isXmlCharacter)) throw new Error('a character that XML does not know');
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(source);
    if (!match) throw new Error(`malformed XML at ${at}`);
    const [, closing, name, attributes, empty, text] = match;
    const parent = stack.at(-1)!;
    if (text !== undefined) parent.text += unescaped(text);
    else if (closing) {
      if (stack.length < 2 || parent.name !== name || attributes || empty) throw new Error(`unexpected </${name}>`);
      stack.pop();
    } else {
      const element: Open = { name: name!, attributes: attributesOf(attributes!), children: [], text: '' };
      parent.children.push(element);
      if (!empty) stack.push(element);
    }
  }
  const [document, ...more] = root.children;
  if (stack.length !== 1 || !document || more.length > 0 || root.text.trim()) throw new Error('not one whole document');
  return document;
}

function attributesOf(source: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [, name, value] of source.matchAll(ATTRIBUTE)) {
    if (Object.hasOwn(attributes, name!)) throw new Error(`two attributes ${name}`);
    attributes[name!] = unescaped(value!);
  }
  return attributes;
}

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replace(/&([^;&]*)(;?)/g, (whole, reference: string, end: string) => {
    const code = /^#(\d+)$/.exec(reference)?.[1] ?? parseHex(reference);
    const character = code === undefined ? NAMED[reference] : String.fromCodePoint(Number(code));
    if (!end || character === undefined || !isXmlCharacter(character)) throw new Error(`unknown reference ${whole}`);
    return character;
  });
}

function parseHex(reference: string): string | undefined {
  const hex = /^#x([0-9a-f]+)$/i.exec(reference)?.[1];
  return hex === undefined ? undefined : String(Number.parseInt(hex, 16));
}

const isXmlCharacter = (character: string) => /^[\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]$/u.test(character);
