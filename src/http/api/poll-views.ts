import { z } from 'zod';
import type { PollRow } from '../../ledger/tables/sources.ts';
import type { Source } from '../../reservation/source.ts';
import { Time } from './words.ts';

export const PollView = z
  .object({
    kind: z.enum(['ical', 'json']),
    /** Whoever knows the rest may read it. */
    host: z.string().meta({ description: 'Of the address; the rest may be as good as a password.' }),
    everyMs: z.int(),
    polledAt: Time.nullable().meta({ description: 'When it was last asked for.' }),
    readAt: Time.nullable().meta({ description: 'When it was last read without a fault.' }),
    nextAt: Time.nullable(),
    failures: z.int().meta({ description: 'In a row.' }),
    error: z.string().nullable().meta({ description: 'What is wrong: that it cannot be read, or with something in it.' }),
    bookings: z.int().meta({ description: 'In the last reading.' }),
  })
  .meta({ id: 'Poll', description: 'Where the reading of a source stands that does not push.' });

/** Null where nothing is read. */
export function viewOfPoll({ poll }: Pick<Source, 'poll'>, row: PollRow | undefined): z.output<typeof PollView> | null {
  if (!poll) return null;
  return {
    kind: poll.kind,
    host: new URL(poll.url.reveal()).host,
    everyMs: poll.everyMs,
    polledAt: row?.polledAt ?? null,
    readAt: row?.readAt ?? null,
    nextAt: row?.nextAt ?? null,
    failures: row?.failures ?? 0,
    error: row?.error ?? null,
    bookings: row?.bookings ?? 0,
  };
}
