import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { Verdict } from '../../keys/verdict.ts';
import type { Verify } from '../../keys/verify.ts';
import { Fault } from '../../reservation/fault.ts';
import { cappedBody } from '../capped-body.ts';
import type { Asker } from './answer.ts';
import { instantText } from './instant.ts';
import { parsed } from './parsed.ts';
import { headerLines, send } from './reply.ts';

export const VerifyBody = z.object({
  key: z.string(),
  method: z.string().optional(),
  path: z.string().optional(),
  ip: z.string().optional(),
  scopes: z
    .array(z.string())
    .max(100)
    .optional()
    .meta({ description: 'The key must hold one of them, by name or by a wildcard.' }),
  cost: z.int().min(1).max(10_000).optional(),
});

const CAP = { most: 16_384 };
const readBody = cappedBody(() => CAP);

/** `POST /v1/verify` for programs: always 200 with the verdict, 400 only for a body that cannot be read. Whatever its type says, it is JSON. */
export function verifyForProgram(
  verify: Verify,
  request: IncomingMessage & { body?: unknown },
  { asker, caller }: { asker: Asker; caller: string },
): Promise<void> {
  function answer(): void | Promise<void> {
    const asked = parsed(VerifyBody, readJson(request.body as Buffer));
    const verdict = verify({ ...asked, guesser: asked.ip ?? caller });
    if (verdict instanceof Promise) return verdict.then((late: Verdict) => tell(asker, late));
    tell(asker, verdict);
  }

  return new Promise<void>((resolve, reject) => {
    readBody(request, undefined, (error?: unknown) => {
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- what readBody passes on is an error
      if (error !== undefined) return reject(error);
      try {
        // At once where verify does: each turn of a promise would cost more than the verdict.
        resolve(answer());
      } catch (problem) {
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- passed on as it was thrown
        reject(problem);
      }
    });
  });
}

function readJson(body: Buffer): unknown {
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new Fault('invalid', 'The body is not JSON.');
  }
}

function tell({ response, requestId }: Asker, verdict: Verdict): void {
  const reply = { status: 200, type: 'application/json; charset=utf-8', body: JSON.stringify(written(verdict)) };
  send(response, reply, headerLines(requestId));
}

/** With its instants as text: what JSON would make of them, one toJSON after the other. */
function written(verdict: Verdict): unknown {
  const { expiresAt, rateLimit, quota } = verdict;
  return {
    ...verdict,
    expiresAt: expiresAt && instantText(expiresAt),
    rateLimit: rateLimit && { ...rateLimit, resetAt: rateLimit.resetAt && instantText(rateLimit.resetAt) },
    quota: quota && { ...quota, resetAt: quota.resetAt && instantText(quota.resetAt) },
  };
}
