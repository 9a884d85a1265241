import type { Call, KeyRef } from '../driver.ts';
import type { Client } from './client.ts';
import type { Preset } from './compile.ts';
import type { CompiledRequest } from './compile-step.ts';
import type { Values } from './filters.ts';
import { type Handle, valuesOf } from './handle.ts';
import { itemsOf } from './pages.ts';
import { noSuchKey, readKeep, type Runner, withKept } from './run.ts';

/** A preset at a manager: what every call works with. */
export interface Works {
  readonly preset: Preset;
  readonly client: Client;
  readonly endpoint: string;
  readonly provider: string;
  /** The values that are the same for every key. */
  readonly base: Values;
}

export function runnerFor({ client, provider }: Works, call: Call): Runner {
  return { client, provider, call };
}

/** What a reference says of a key. The sealed value is the key's only where we make it. */
export function keyValues({ preset, base }: Works, { name, handle, secret }: KeyRef<Handle>): Values {
  const key = preset.makesKey ? undefined : secret?.reveal();
  return withId({ ...base, name, key, ...valuesOf(handle) }, preset);
}

export function withId(values: Values, { id }: Preset): Values {
  return id ? { ...values, id: id(values) } : values;
}

/** The same, with what finding adds where the reference does not tell all that the requests need. Throws `gone` where there is none. */
export async function locate(
  works: Works,
  key: KeyRef<Handle>,
  call: Call,
  requests: readonly CompiledRequest[],
): Promise<Values> {
  const values = keyValues(works, key);
  if (!works.preset.find || !requests.some((request) => request.lacks(values) !== undefined)) return values;
  const [first] = await findAll(works, key.name, call);
  if (!first) throw noSuchKey(works.provider);
  return { ...values, ...first };
}

/** What finding tells of each key of this name at the manager. */
export async function findAll(works: Works, name: string, call: Call): Promise<Values[]> {
  const { find } = works.preset;
  const found: Values[] = [];
  if (!find) return found;
  for await (const item of itemsOf(find, { ...works.base, name }, { ...works, call })) {
    const kept = find.name(item) === name ? readKeep(find.keep, item) : undefined;
    if (kept) found.push(withKept({}, kept));
  }
  return found;
}
