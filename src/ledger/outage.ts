import { Fault } from '../reservation/fault.ts';
import type { Secret } from '../secret/secret.ts';

/** SQLSTATE classes and codes after which the same statement may well succeed: connection, resources, operator's intervention, deadlock. */
const PASSING = /^(08|53|57P|58030|25006|40P01|40001|55P03|57014)/;
const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
]);
/** What pg and PGlite say without a code. */
const SAYINGS =
  /connection terminated|connection timeout|timeout exceeded when trying to connect|query read timeout|connection error|not queryable|client was closed|pool after calling end|PGlite is clos|connection has been discarded/i;

/** The error as callers should see it: a `Fault('unavailable')` where the database is out of reach for now, else the error itself. */
export function asFault(error: unknown): unknown {
  if (error instanceof Fault || !(error instanceof Error)) return error;
  return passes(error) ? new Fault('unavailable', 'the database is out of reach; try again', { cause: error }) : error;
}

/** SQLSTATE classes and codes of a server that does not let us in: authentication, no such database, no right to it. */
const REFUSING = /^(28|3D000|42501)/;

/** For a start: where the server is that cannot be used, and what it or the network said; never the password. Else the error itself. */
export function asUnusable(error: unknown, url: Secret): unknown {
  const fault = asFault(error);
  const code = codeOf(error);
  if (!(fault instanceof Fault) && !REFUSING.test(code)) return error;
  const { host, pathname } = new URL(url.reveal());
  const cause = fault instanceof Fault && fault.cause ? fault.cause : error;
  return new Fault(
    'unavailable',
    `the PostgreSQL server of DATABASE_URL (${host}${pathname}) cannot be used: ${saying(cause)}; is it running, and is DATABASE_URL right?`,
    { cause: error },
  );
}

function saying(error: unknown): string {
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  return (first instanceof Error && first.message) || codeOf(error) || 'unknown error';
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function passes(error: Error): boolean {
  const code = codeOf(error);
  if (NETWORK.has(code) || PASSING.test(code) || SAYINGS.test(error.message)) return true;
  return error instanceof AggregateError && error.errors.some((inner) => inner instanceof Error && passes(inner));
}
