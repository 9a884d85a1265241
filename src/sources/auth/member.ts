/** A member of a document by its path; undefined where there is none. */
export function memberAt(document: unknown, path: readonly string[]): unknown {
  let value = document;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** The document without that member, so that a secret in it is neither mapped nor kept. The given one stays as it is. */
export function withoutMember(document: unknown, [name, ...rest]: readonly string[]): unknown {
  if (name === undefined || typeof document !== 'object' || document === null || Array.isArray(document)) return document;
  if (!Object.hasOwn(document, name)) return document;
  const { [name]: member, ...others } = document as Record<string, unknown>;
  const copy = Object.assign(Object.create(null) as Record<string, unknown>, others);
  return rest.length === 0 ? copy : Object.assign(copy, { [name]: withoutMember(member, rest) });
}
