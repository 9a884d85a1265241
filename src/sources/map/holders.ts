import { z } from 'zod';
import type { Holder } from '../../reservation/event.ts';
import { Email, Id, Label, OptionalId, StrictEmail, StrictLabel } from './fields.ts';

const MOST_HOLDERS = 500;
const RULE = { error: 'must be a list of ids, or of objects with id, name and email' };

/** One with an address only is known by it. */
const Person = z.object({ id: OptionalId, name: Label, email: Email }).transform(({ id, name, email }, context): Holder => {
  const known = id ?? email;
  if (known !== undefined) return { id: known, name, email };
  context.addIssue({ code: 'custom', message: RULE.error });
  return z.NEVER;
});

const StrictPerson = z.object({ id: Id, name: StrictLabel, email: StrictEmail });

/** The people that a booking is for, each once. */
export const Holders = oncePerId(z.union([Id.transform((id): Holder => ({ id })), Person], RULE));

/** Likewise, where an address that is none is a mistake. */
export const StrictHolders = oncePerId(StrictPerson);

function oncePerId<Input>(person: z.ZodType<Holder, Input>) {
  return z
    .array(person, RULE)
    .max(MOST_HOLDERS, { error: `must be at most ${MOST_HOLDERS}` })
    .transform((holders) => [...new Map(holders.map((holder) => [holder.id, holder])).values()]);
}
