import type { Command } from 'commander';
import type { DeliveryAnswer } from './answers.ts';
import { path } from './api.ts';
import { connect } from './connection.ts';
import { plain } from './output.ts';

export function addResend(program: Command): void {
  program
    .command('resend')
    .description('send a notification again')
    .argument('<delivery>')
    .action(async (delivery: string, _options: object, command: Command) => {
      const { api, out } = await connect(command);
      const { body } = await api.post<{ delivery: DeliveryAnswer }>(path`/deliveries/${delivery}/resend`);
      out.result(body, () => `${plain(delivery)} is ${plain(body.delivery.state)}`);
    });
}
