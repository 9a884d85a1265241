import type { Placeholder, SignedTemplate } from '../../reservation/auth-rule.ts';

const PLACEHOLDERS: readonly string[] = ['id', 'timestamp', 'url', 'body'] satisfies Placeholder[];

/** What is signed, of a text such as `v0:{timestamp}:{body}`. Throws an Error for one of no use; its message is for who wrote it. */
export function compileTemplate(text: string): SignedTemplate {
  const parts = text
    .split(/(\{\w+\})/)
    .filter((part) => part !== '')
    .map((part) => (/^\{\w+\}$/.test(part) ? { placeholder: placeholderOf(part.slice(1, -1)) } : { literal: part }));
  const named = parts.map(nameOf).filter((name) => name !== undefined);
  const twice = named.find((name, index) => named.indexOf(name) !== index);
  if (twice) throw new Error(`has {${twice}} twice`);
  const clear = parts.every((part, index) => nameOf(part) !== 'id' || (isEdge(parts[index - 1]) && isEdge(parts[index + 1])));
  if (!clear) throw new Error('does not tell where {id} begins and ends; write what the sender puts between');
  return { text, parts };
}

export function placeholdersOf({ parts }: SignedTemplate): ReadonlySet<Placeholder> {
  return new Set(parts.map(nameOf).filter((name) => name !== undefined));
}

/** Whether an id ends where the template says: else a signed message could be read as another one with the same signature. */
export function isClearId(id: string, { parts }: SignedTemplate): boolean {
  const at = parts.findIndex((part) => nameOf(part) === 'id');
  const [before, after] = [literalOf(parts[at - 1]), literalOf(parts[at + 1])];
  // Also where it only continues what stands beside it, as `-` does before `--`.
  const begins = before === '' || `${before}${id}`.lastIndexOf(before) === 0;
  return begins && (after === '' || `${id}${after}`.indexOf(after) === id.length);
}

/** Whether nothing tells where the address ends and the body begins. */
export function runsIntoBody({ parts }: SignedTemplate): boolean {
  return parts.some((part, index) => nameOf(part) === 'url' && nameOf(parts[index + 1]) === 'body');
}

type Part = SignedTemplate['parts'][number];

function nameOf(part: Part | undefined): Placeholder | undefined {
  return part && 'placeholder' in part ? part.placeholder : undefined;
}

/** A timestamp has digits only and no leading zero, and one that loses or gains some is out of any tolerance. */
function isEdge(part: Part | undefined): boolean {
  return part === undefined || 'literal' in part || part.placeholder === 'timestamp';
}

function literalOf(part: Part | undefined): string {
  return part && 'literal' in part ? part.literal : '';
}

function placeholderOf(name: string): Placeholder {
  if (PLACEHOLDERS.includes(name)) return name as Placeholder;
  throw new Error(`has {${name}}, which stands for nothing; there are {id}, {timestamp}, {url} and {body}`);
}
