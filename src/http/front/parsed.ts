import type { z } from 'zod';
import { Fault } from '../../reservation/fault.ts';

/** What a caller sent, as the schema has it. Throws a Fault 'invalid' that names the first thing that is wrong. */
export function parsed<T extends z.ZodType>(schema: T, input: unknown): z.output<T> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const [first] = result.error.issues;
  const at = first?.path.join('.');
  throw new Fault('invalid', `${at ? `${at}: ` : ''}${first?.message ?? 'The request cannot be read.'}`, { at });
}
