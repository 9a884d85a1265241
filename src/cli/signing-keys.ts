import type { Command } from 'commander';
import { connect } from './connection.ts';
import { instant, plain } from './output.ts';

/** `latchkey signing-keys rotate`; `list` comes with the other lists. */
export function addSigningKeyActs(signingKeys: Command): void {
  signingKeys
    .command('rotate')
    .description('have another key sign tokens; what was signed before stays good')
    .action(async (_options: object, command: Command) => {
      const { api, out } = await connect(command);
      const { body } = await api.post<{ kid: string; signsFrom: string }>('/signing-keys/rotate');
      out.result(body, () => `${plain(body.kid)} is published, and signs from ${plain(instant(body.signsFrom))}`);
    });
}
