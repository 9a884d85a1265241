import { checkedText } from './text.ts';

export type Attributes =
  | { readonly ok: true; readonly attributes: Readonly<Record<string, string>> }
  | { readonly ok: false; readonly problem: string };

/** These have places of their own: the body and its content type. */
const ELSEWHERE = new Set(['data', 'datacontenttype']);

/** The `ce-` headers of the HTTP binding, unquoted and percent-decoded once (section 3.1.3.2). One that comes twice is refused. */
export function attributesOf(rawHeaders: readonly string[]): Attributes {
  const attributes = Object.create(null) as Record<string, string>;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = /^ce-([a-z0-9]{1,100})$/i.exec(rawHeaders[index]!)?.[1]?.toLowerCase();
    if (name === undefined || ELSEWHERE.has(name)) continue;
    if (attributes[name] !== undefined) return { ok: false, problem: `there is more than one ce-${name} header` };
    const value = decoded(rawHeaders[index + 1]!);
    if (value === undefined) return { ok: false, problem: `ce-${name} is not percent-encoded UTF-8` };
    attributes[name] = value;
  }
  return { ok: true, attributes };
}

function decoded(value: string): string | undefined {
  const quoted = /^"((?:[^"\\]|\\.)*)"$/s.exec(value)?.[1];
  const plain = quoted === undefined ? value : quoted.replaceAll(/\\(.)/gs, '$1');
  try {
    const text = checkedText(decodeURIComponent(plain));
    return text.ok ? text.text : undefined;
  } catch {
    return undefined;
  }
}
