import type { Command } from 'commander';
import { path } from './api.ts';
import { connect } from './connection.ts';
import { plain } from './output.ts';

interface NewLink {
  readonly url: string;
  readonly code?: string;
  /** What the page will ask for. */
  readonly confirm: 'none' | 'email' | 'code';
}

const ASKS = {
  none: 'It reveals the key to whoever opens it first.',
  email: "The page asks for the booking's email address.",
  code: 'The page asks for the code: tell it to the holder another way than the link.',
} as const satisfies Record<NewLink['confirm'], string>;

export function addClaimLink(program: Command): void {
  program
    .command('claim-link')
    .description('make a new link to the unclaimed key of a lease, to hand over in person; older links die')
    .argument('<lease>')
    .action(async (lease: string, _options: object, command: Command) => {
      const { api, out } = await connect(command);
      const { body } = await api.post<NewLink>(path`/leases/${lease}/claim-link`);
      out.result(body, () => [plain(body.url), ...(body.code ? [`code: ${plain(body.code)}`] : [])].join('\n'));
      if (!out.json) out.note(`Shown once. ${ASKS[body.confirm]}`);
    });
}
