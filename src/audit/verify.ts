import type { Ledger } from '../ledger/database.ts';
import type { AuditRow } from '../ledger/schema.ts';
import { mustHaveTrail } from '../ledger/trail-begin.ts';
import type { Chain } from './chain.ts';

/** A head seen earlier and kept elsewhere. */
export interface Anchor {
  readonly seq: number;
  readonly mac: string;
}

/**
 * changed     this row is not what was written       removed      this row is missing
 * reordered   another row stands in its place        tail cut     this row and all after it are missing
 * head forged the head does not belong to the rows   rolled back  rows and head are those of a time before the anchor
 */
export type Tampering = 'changed' | 'removed' | 'reordered' | 'tail cut' | 'head forged' | 'rolled back';

export type Verification =
  | { readonly ok: true; readonly rows: number; readonly head: Anchor }
  | { readonly ok: false; readonly seq: number; readonly what: Tampering };

export interface VerifyOptions {
  /** Without one, a database set back to an older backup of itself is a valid trail. */
  anchor?: Anchor;
  onProgress?: (rows: number, total: number) => void;
}

const PAGE = 1_000;

/** Reads the whole trail and names the first row that is not as it was written. New entries may be appended meanwhile. */
export async function verifyAudit(ledger: Ledger, chain: Chain, options: VerifyOptions = {}): Promise<Verification> {
  const { anchor } = options;
  const head = await ledger.db
    .selectFrom('auditHead')
    .select([
      'seq',
      'mac',
      (db) =>
        db
          .selectFrom('audit')
          .select(({ fn }) => fn.max('seq').as('last'))
          .as('last'),
    ])
    .where('id', '=', 1)
    .executeTakeFirst();
  if (!head) return { ok: false, seq: 0, what: 'head forged' };
  if (head.seq === 0 && (await mustHaveTrail(ledger.db))) return { ok: false, seq: 1, what: 'tail cut' };

  let mac = '';
  let seq = 0;
  while (seq < head.seq) {
    const rows = await page(ledger, seq, head.seq);
    for (const row of rows) {
      if (row.seq !== seq + 1 || !follows(chain, { mac, seq }, row))
        return { ok: false, seq: seq + 1, what: await accuse(ledger, chain, { mac, seq }) };
      ({ mac, seq } = row);
      if (seq === anchor?.seq && !chain.heads(mac, seq).includes(anchor.mac)) return { ok: false, seq, what: 'rolled back' };
    }
    options.onProgress?.(seq, head.seq);
    if (rows.length === 0) return { ok: false, seq: seq + 1, what: 'tail cut' };
  }
  if (!chain.heads(mac, seq).includes(head.mac) || (head.last ?? 0) > seq) return { ok: false, seq, what: 'head forged' };
  if (anchor && anchor.seq > seq) return { ok: false, seq: seq + 1, what: 'rolled back' };
  return { ok: true, rows: seq, head: { seq, mac: head.mac } };
}

/** `seq:mac`, as printed for people to keep. Throws on anything else. */
export function parseAnchor(text: string): Anchor {
  const [, seq, mac] = /^(\d{1,15}):([\w-]*)$/.exec(text.trim()) ?? [];
  if (seq === undefined || mac === undefined)
    throw new Error('audit: an anchor looks like 1234:mac, as printed by an earlier verification');
  return { seq: Number(seq), mac };
}

function page(ledger: Ledger, after: number, upTo: number): Promise<AuditRow[]> {
  return ledger.db
    .selectFrom('audit')
    .selectAll()
    .where('seq', '>', after)
    .where('seq', '<=', upTo)
    .orderBy('seq')
    .limit(PAGE)
    .execute();
}

function follows(chain: Chain, last: Anchor, row: AuditRow): boolean {
  return chain.heads(last.mac, last.seq).some((head) => chain.fits(head, row));
}

/** What became of the row after `last`: somewhere else, missing, or not itself any more. */
async function accuse(ledger: Ledger, chain: Chain, last: Anchor): Promise<Tampering> {
  const seq = last.seq + 1;
  let present = false;
  for (let after = last.seq; ;) {
    const rows = await page(ledger, after, Number.MAX_SAFE_INTEGER);
    if (rows.length === 0) return present ? 'changed' : 'removed';
    present ||= rows[0]?.seq === seq;
    if (rows.some((row) => follows(chain, last, { ...row, seq }))) return 'reordered';
    after = rows.at(-1)!.seq;
  }
}
