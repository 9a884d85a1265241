import { randomUUID } from 'node:crypto';
import type { Ledger } from '../ledger/database.ts';
import type { Secret } from '../secret/secret.ts';
import { createBook } from './book.ts';
import { createBudgets, type Budgets } from './budgets.ts';
import { connectRedis, createRedisLimits } from './limits-redis.ts';
import { learnFromLedger } from './learning.ts';
import { createMemoryLimits } from './limits.ts';
import type { KeyManager } from '../../providers/key-manager.ts';
import type { Limit } from '../reservation/plan.ts';
import { createFlush } from './flush.ts';
import { auditGuesses } from './guess-audit.ts';
import { createGuesses } from './guesses.ts';
import { createInspect, type Inspect } from './inspect.ts';
import { createKeyManager } from './manager.ts';
import { projectBudgets } from './record.ts';
import { createRulings } from './rulings.ts';
import { createSharing } from './sharing.ts';
import { createThresholds, type OnThreshold } from './thresholds.ts';
import type { CheckToken } from './token-check.ts';
import { createUsageMeter } from './usage.ts';
import type { VerifyCode } from './verdict.ts';
import { createVerify, type Verify } from './verify.ts';
import { createKeysWithin, type KeysWithin } from './within.ts';

export interface Keys {
  readonly manager: KeyManager;
  /** Inside somebody's own transaction. */
  readonly within: KeysWithin;
  readonly verify: Verify;
  readonly budgets: Budgets;
  /** Writes what is counted; a second later it would have been written anyway. */
  readonly flush: () => Promise<void>;
  /** What a value is good for now, whatever it is used for; undefined when it is good for nothing. Counts nothing. */
  readonly inspect: Inspect;
  /** Writes the usage counted so far. Before the ledger is closed. */
  close(): Promise<void>;
}

export interface KeysOptions {
  readonly ledger: Ledger;
  readonly now: () => Date;
  readonly log: (message: string, fields?: Record<string, unknown>) => void;
  /** Shares the limits between nodes. */
  readonly redisUrl?: Secret;
  /** How long a node answers from memory while the database is out of reach; a minute where nothing is said. */
  readonly withoutMs?: number;
  /** What all keys of a project share now. */
  readonly limitsOfProject?: (project: string) => readonly Limit[] | undefined;
  readonly onThreshold?: OnThreshold;
  readonly counted?: (code: VerifyCode) => void;
  readonly knowsOthers?: () => boolean;
  /** Without it no token is known. */
  readonly checkToken?: CheckToken;
}

/** The built-in key manager, ready to verify; it goes on to read its keys. */
export async function openKeys({ ledger, now, log, redisUrl, withoutMs = 60_000, ...rest }: KeysOptions): Promise<Keys> {
  const { limitsOfProject = () => undefined, onThreshold, ...watching } = rest;
  const memory = createMemoryLimits();
  const limits = redisUrl ? createRedisLimits({ client: connectRedis(redisUrl), fallback: memory, log }) : memory;
  const projectBudget = projectBudgets(limitsOfProject);
  const book = createBook({ ledger, limits, projectBudget, now, log, withoutMs });
  const usage = createUsageMeter();
  const thresholds = createThresholds({ onThreshold });
  const hasOthers = ledger.engine === 'postgres';
  const sharing = createSharing({ limits: memory, node: randomUUID(), hasOthers, now, thresholds });
  const flush = createFlush({ ledger, parts: [usage, sharing], log });
  const rulings = createRulings({ ledger, accounts: memory.accounts, log });
  const isProject = (name: string) => limitsOfProject(name) !== undefined;
  const deciding = { ledger, limits: memory, flush: flush.flush, projectBudget, isProject, apply: rulings.apply, now };
  const guesses = createGuesses();
  const audited = auditGuesses({ ledger, guesses, log });
  await rulings.open();
  await book.open();
  await learnFromLedger(ledger.db, memory.accounts, now());
  const parts = { ledger, book, usage: flush, now };
  return {
    manager: createKeyManager(parts),
    within: createKeysWithin({ ledger, book }),
    inspect: createInspect({ book, now, ...watching }),
    verify: createVerify({ book, limits, usage, guesses, now, ...watching }),
    budgets: createBudgets(deciding),
    flush: flush.flush,
    async close() {
      rulings.close();
      await audited.stop();
      usage.last();
      await flush.stop();
      await book.close();
      await limits.close();
    },
  };
}
