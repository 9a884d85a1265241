/** What an RFC 6901 pointer such as `/data/key` finds in a JSON value; undefined where there is nothing. An empty pointer is the whole value. */
export type Pointer = (value: unknown) => unknown;

export const POINTER = /^(?:\/(?:[^~/]|~[01])*)*$/;

export function pointerTo(text: string): Pointer {
  const steps = text
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  return (value) => steps.reduce(descend, value);
}

function descend(value: unknown, step: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
  return (value as Record<string, unknown>)[step];
}
