/** The same text for the same content, whatever the order of keys: for tie-breaks and comparisons. Dates become ISO strings. */
export function canonical(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (value instanceof Date) return JSON.stringify(value.toISOString());
  return Array.isArray(value) ? listOf(value) : objectOf(value as Readonly<Record<string, unknown>>);
}

function listOf(elements: readonly unknown[]): string {
  let text = '';
  for (const element of elements) text += text === '' ? canonical(element) : `,${canonical(element)}`;
  return `[${text}]`;
}

function objectOf(members: Readonly<Record<string, unknown>>): string {
  let text = '';
  for (const name of Object.keys(members).sort()) {
    const member = members[name];
    if (member === undefined) continue;
    text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${canonical(member)}`;
  }
  return `{${text}}`;
}
