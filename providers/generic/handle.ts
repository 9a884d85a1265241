import { z } from 'zod';
import { Secret } from '../../src/secret/secret.ts';
import type { Preset } from './compile.ts';
import type { Values } from './filters.ts';

/** What finds a key again at its vendor, as far as its name does not. */
export const Handle = z.object({
  /** Where the API addresses keys by their value. */
  apiKey: z.instanceof(Secret).optional(),
  /** Where the vendor made it. */
  id: z.string().optional(),
  kept: z.record(z.string(), z.string()).optional(),
});
export type Handle = z.output<typeof Handle>;

export function handleOf(values: Values, preset: Preset): Handle {
  const { key, id, kept = {} } = values as { key?: string; id?: string; kept?: Record<string, string> };
  return {
    ...(preset.keepsKey && key !== undefined && { apiKey: new Secret(key) }),
    ...(id !== undefined && !preset.id && { id }),
    ...(Object.keys(kept).length > 0 && { kept }),
  };
}

/** What a handle says in the words of a preset. */
export function valuesOf(handle: Handle | null): Values {
  return {
    ...(handle?.apiKey && { key: handle.apiKey.reveal() }),
    ...(handle?.id !== undefined && { id: handle.id }),
    kept: handle?.kept ?? {},
  };
}
