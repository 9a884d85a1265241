import type { Writable } from 'node:stream';
import { createLogger, format, transports, type Logger } from 'winston';
import { redact, redactText } from './redact.ts';

export type Level = 'debug' | 'info' | 'warn' | 'error';

/** Messages are constant, what changes is a field: `log.warn('revoke failed', { lease, attempt })`. `info` is for what an operator must know. */
export interface Log {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
  /** A log that adds these fields to every line. */
  child(fields: Record<string, unknown>): Log;
}

export interface LogOptions {
  readonly level: Level;
  readonly now: () => Date;
  /** Standard output unless a test wants the lines. */
  readonly stream?: Writable;
}

/** One JSON object a line: `at`, `level`, `message`, then the fields. Nothing that is or looks like a secret is written. */
export function createLog({ level, now, stream = process.stdout }: LogOptions): Log {
  const logger = createLogger({
    level,
    format: format.printf((info) => JSON.stringify({ at: now().toISOString(), ...(info['line'] as object) })),
    transports: [new transports.Stream({ stream })],
  });
  return logOn(logger, {});
}

/** For tests and tools that have nothing to say. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLog };

function logOn(logger: Logger, bound: Record<string, unknown>): Log {
  const write =
    (level: Level) =>
    (message: string, fields: Record<string, unknown> = {}): void => {
      if (!logger.isLevelEnabled(level)) return;
      // Ours last: a field cannot pretend to be another level or message.
      const line = { ...(redact({ ...bound, ...fields }) as object), level, message: redactText(message) };
      logger.log({ level, message: '', line: inOrder(line) });
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => logOn(logger, { ...bound, ...fields }),
  };
}

function inOrder({ level, message, ...fields }: { level: Level; message: string }): object {
  return { level, message, ...fields };
}
