import { Fault } from '../reservation/fault.ts';

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

function passes(error: Error): boolean {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (NETWORK.has(code) || PASSING.test(code) || SAYINGS.test(error.message)) return true;
  return error instanceof AggregateError && error.errors.some((inner) => inner instanceof Error && passes(inner));
}
