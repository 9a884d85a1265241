import type { BodyRule, Handshake } from '../reservation/reception.ts';
import { compileCondition, compileLookup } from '../sources/handshake/expressions.ts';
import type { Path, Report } from './problems.ts';
import { AnswersEntry, BodyEntry, type HandshakeEntry } from './reception-schema.ts';

/** As every source is read and answered that says nothing of it. */
export const DEFAULT_BODY: BodyRule = BodyEntry.parse({});
export const DEFAULT_ANSWERS = AnswersEntry.parse({});

/** The handshakes that entries say; what is wrong in one is told, and it is left out. */
export function handshakesOf(entries: readonly HandshakeEntry[], { path, report }: { path: Path; report: Report }): Handshake[] {
  return entries.flatMap((entry, index): Handshake[] => {
    try {
      return [handshakeOf(entry)];
    } catch (error) {
      report({ path: [...path, index], message: (error as Error).message, fix: 'correct the expression' });
      return [];
    }
  });
}

function handshakeOf({ echo, crc, options, ping }: HandshakeEntry): Handshake {
  if (echo?.query !== undefined) return { kind: 'echo-query', parameter: echo.query };
  if (echo) return { kind: 'echo-field', field: compileLookup(echo.field!), match: echo.match && compileCondition(echo.match) };
  if (crc) return { kind: 'crc', match: compileCondition(crc.match), token: compileLookup(crc.token) };
  if (options) return { kind: 'options', ...options };
  return { kind: 'ping', match: compileCondition(ping!.match) };
}
