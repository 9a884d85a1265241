import type { Command } from 'commander';
import type { LeaseReplyAnswer } from './answers.ts';
import { path } from './api.ts';
import { connect } from './connection.ts';
import { EXIT } from './exit.ts';
import { plain } from './output.ts';

/** `latchkey debts close|retry`; `list` comes with the other lists. */
export function addDebtActs(debts: Command): void {
  debts
    .command('close')
    .description('accept a key that cannot be revoked as gone; stays in the audit for ever')
    .argument('<key>')
    .requiredOption('--reason <text>', 'how you know that the key is dead')
    .action(async (key: string, { reason }: { reason: string }, command: Command) => {
      const { api, out } = await connect(command);
      const { body } = await api.post<LeaseReplyAnswer>(path`/debts/${key}/close`, { reason });
      out.result(body, () => `${plain(key)} is closed; its lease is ${plain(body.lease.state)}`);
    });
  debts
    .command('retry')
    .description('try to revoke a key again at once')
    .argument('<key>')
    .action(async (key: string, _options: object, command: Command) => {
      const { api, out } = await connect(command);
      const { body } = await api.post<LeaseReplyAnswer>(path`/debts/${key}/retry`);
      const state = body.lease.keys.find(({ id }) => id === key)?.state;
      out.result(body, () => `${plain(key)} is ${plain(state)}`);
      if (state !== 'revoked') process.exitCode = EXIT.failed;
    });
}
