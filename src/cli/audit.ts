import { InvalidArgumentError, type Command } from 'commander';
import type { AuditVerification } from './answers.ts';
import { connect } from './connection.ts';
import { EXIT } from './exit.ts';
import { plain } from './output.ts';

const LONG_MS = 30 * 60_000;

export function addAuditVerify(audit: Command): void {
  audit
    .command('verify')
    .description('read the whole trail and name the first row that is not as it was written')
    .option('--anchor <seq:mac>', 'the head of an earlier verification: shows that the trail was not set back since', readAnchor)
    .action(async (options: { anchor?: string }, command: Command) => {
      const { api, out } = await connect(command, { timeoutMs: LONG_MS });
      const { body } = await api.post<AuditVerification>('/audit/verify', options);
      out.result(body, () =>
        body.ok
          ? `${body.rows} rows, unbroken. Keep this elsewhere, for --anchor: ${plain(body.head)}`
          : `Broken at row ${body.seq}: ${plain(body.what)}`,
      );
      if (!body.ok) process.exitCode = EXIT.failed;
    });
}

function readAnchor(text: string): string {
  if (!/^\d{1,15}:[\w+/=-]*$/.test(text))
    throw new InvalidArgumentError('Write it as an earlier verification printed it: 1234:mac.');
  return text;
}
