import { writeSync } from 'node:fs';
import type { PGlite } from '@electric-sql/pglite';

const STDERR = 2;

/**
 * After a PANIC, such as a full disk or a failed fsync, PostgreSQL must be started again, and in this process its next statement would
 * spin for ever. So the process ends before there is one: what was committed is on disk, and whoever supervises it starts it anew.
 */
export function endOnPanic(pg: PGlite): void {
  pg.execProtocol = orEnd(pg.execProtocol.bind(pg));
  pg.execProtocolStream = orEnd(pg.execProtocolStream.bind(pg));
}

function orEnd<Args extends unknown[], Answer>(ask: (...args: Args) => Promise<Answer>): (...args: Args) => Promise<Answer> {
  return async (...args) => {
    try {
      return await ask(...args);
    } catch (error) {
      if (error instanceof Error && 'severity' in error && error.severity === 'PANIC') end(error);
      throw error;
    }
  };
}

/** Synchronously, so that nothing else runs in between. */
function end(error: Error): never {
  const code = 'code' in error && typeof error.code === 'string' ? ` ${error.code}` : '';
  writeSync(
    STDERR,
    `latchkey: the embedded database had to stop (PANIC${code}: ${error.message}). ` +
      'Nothing that was acknowledged is lost. Look at the disk of DATA_DIR, then start again.\n',
  );
  process.exit(1);
}
