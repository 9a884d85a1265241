import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import type { LeaseDetailAnswer, LeaseReplyAnswer, RotationPreview } from './answers.ts';
import { path, type Api } from './api.ts';
import { connect } from './connection.ts';
import { EXIT, Quit } from './exit.ts';
import { plain, type Output } from './output.ts';
import { reportLease } from './report-lease.ts';
import { follow } from './rotation.ts';
import { table } from './table.ts';

interface RotateOptions {
  readonly plan?: string;
  readonly provider?: string;
  readonly resume?: string;
  readonly overlap: string;
  readonly reason: string;
  readonly dryRun?: true;
  readonly yes?: true;
}

export function addRotate(program: Command): void {
  program
    .command('rotate')
    .description('new keys with the same grant: of one lease, or of all of a plan or provider')
    .argument('[lease]')
    .option('--plan <name>', 'every active lease of this plan')
    .option('--provider <name>', 'every active lease of this provider')
    .option('--overlap <length>', 'how long the old keys stay good; 0 after a leak', '24h')
    .option('--reason <text>', 'for the audit', 'rotated by an operator')
    .option('--dry-run', 'only list what would be rotated')
    .option('--yes', 'do not ask')
    .option('--resume <rotation>', 'follow a rotation that was started earlier')
    .addHelpText(
      'after',
      '\nA rotation of many runs in the service: it goes on when this command is stopped. Exit code 3 when some leases failed.',
    )
    .action(async (lease: string | undefined, options: RotateOptions, command: Command) => {
      const { api, out } = await connect(command);
      const many = options.plan !== undefined || options.provider !== undefined;
      if ([lease !== undefined, many, options.resume !== undefined].filter(Boolean).length !== 1)
        throw new Quit(EXIT.usage, 'Give one lease, or --plan and --provider, or --resume.');
      if (lease !== undefined) return await rotateOne(lease, options, { api, out });
      if (options.resume !== undefined) return await follow(options.resume, { api, out });
      await rotateMany(options, { api, out });
    });
}

interface Connection {
  readonly api: Api;
  readonly out: Output;
}

async function rotateOne(lease: string, { overlap, reason, dryRun }: RotateOptions, { api, out }: Connection): Promise<void> {
  if (dryRun) {
    const preview = previewOf(await api.get<LeaseDetailAnswer>(path`/leases/${lease}`));
    return out.result(preview, () => previewText(preview));
  }
  reportLease(out, await api.post<LeaseReplyAnswer>(path`/leases/${lease}/rotate`, { overlap, reason }));
}

async function rotateMany(options: RotateOptions, { api, out }: Connection): Promise<void> {
  const { plan, provider, overlap, reason } = options;
  const wish = { plan, provider, overlap, reason };
  const { body: preview } = await api.post<RotationPreview>('/rotations', { ...wish, dryRun: true });
  if (options.dryRun) return out.result(preview, () => previewText(preview));
  if (preview.leases === 0) return out.result(preview, () => 'There is nothing to rotate: no lease there has an active key.');
  if (!out.json && !options.yes) out.note(previewText(preview));
  if (!options.yes && !(await agreed(`Rotate ${preview.leases} leases, old keys good for ${overlap}?`)))
    throw new Quit(EXIT.usage, `Nothing was rotated. ${preview.leases} leases would be: add --yes.`, { ...preview });
  const { body } = await api.post<{ id: string }>('/rotations', wish);
  out.note(`Rotation ${body.id} has begun. If this command is stopped: latchkey rotate --resume ${body.id}`);
  await follow(body.id, { api, out });
}

/** What the service would answer: only a lease whose key is active can be rotated. */
function previewOf({ id, plan, provider, holderId, state, generation, keys }: LeaseDetailAnswer): RotationPreview {
  if (!keys.some((key) => key.state === 'active' && key.generation === generation))
    throw new Quit(EXIT.failed, `lease ${plain(id)} has no active key to rotate; it is ${plain(state)}`);
  return { leases: 1, items: [{ id, plan, provider, holderId }] };
}

function previewText(preview: RotationPreview): string {
  const rows = table(preview.items, [
    { title: 'LEASE', of: (item) => item.id },
    { title: 'PLAN', of: (item) => item.plan },
    { title: 'PROVIDER', of: (item) => item.provider },
    { title: 'HOLDER', of: (item) => item.holderId },
  ]);
  const more = preview.leases - preview.items.length;
  const total = preview.leases === 1 ? 'One lease would get a new key.' : `${preview.leases} leases would get a new key.`;
  return [rows, ...(more > 0 ? [`... and ${more} more`] : []), total].join('\n');
}

/** Only a person at a terminal can be asked. */
async function agreed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`${question} [y/N] `);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}
