import { z } from 'zod';
import type { ListedKey } from '../../ledger/lists/keys.ts';
import { KEY_STATES } from '../../reservation/lease.ts';
import { Time } from './words.ts';

const Proof = z.looseObject({
  revokedAt: z.string().optional(),
  by: z.string().optional().meta({ description: 'The provider that answered.' }),
  attempts: z.int().optional(),
  readBack: z.enum(['gone', 'held']).nullable().optional().meta({
    description: 'What the provider said of the key afterwards; null where it cannot be asked or did not let us ask.',
  }),
  readBackFailed: z.string().optional().meta({ description: 'Why it did not let us ask.' }),
  used: z.number().optional().meta({ description: 'Requests, as the provider counted them at the end.' }),
  tookMs: z.int().optional().meta({ description: 'From when it was to be revoked until it was known to be dead.' }),
});

export const KeyView = z
  .object({
    id: z.string(),
    leaseId: z.string(),
    generation: z.int(),
    name: z.string().meta({ description: 'As the provider has it.' }),
    provider: z.string(),
    state: z.enum(KEY_STATES),
    opensAt: Time,
    closesAt: Time,
    hint: z.string().meta({ description: 'What people may see of it: prefix and last four characters.' }),
    confirmedAt: Time.nullable().meta({
      description: 'When the provider first answered that it exists; null while a call about it is unanswered.',
    }),
    activeAt: Time.nullable(),
    suspendedAt: Time.nullable(),
    revokeReason: z.string().nullable(),
    revokingAt: Time.nullable(),
    revokedAt: Time.nullable(),
    proof: Proof.nullable().meta({ description: 'How we know that it is dead, or who closed its debt.' }),
    attempts: z.int(),
    retryAt: Time.nullable(),
    lastError: z.string().nullable(),
    lastErrorKind: z.string().nullable(),
    createdAt: Time,
    missingAt: Time.nullable().meta({ description: 'Since when its provider does not have it although it should work.' }),
    drift: z.array(z.string()).readonly().nullable().meta({
      description: 'What is otherwise at its provider than it should be, when it was last listed.',
    }),
  })
  .meta({ id: 'Key', description: 'One credential issued under a lease. Its value is never shown here.' });

export const DebtView = KeyView.extend({
  source: z.string(),
  externalId: z.string(),
  holderId: z.string(),
  plan: z.string(),
  ageSeconds: z.int().meta({ description: 'Since it was to be revoked.' }),
  overdue: z.boolean().meta({ description: 'It has failed for so long that an operator should act.' }),
}).meta({ id: 'Debt', description: 'A key that should be dead and is not known to be. Tried again for ever.' });

export function viewOfKey(key: ListedKey): z.output<typeof KeyView> {
  return { ...key, proof: key.proof as z.output<typeof Proof> | null };
}
