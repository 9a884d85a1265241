import type { Request, RequestHandler, Response } from 'express';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { blockOf } from '../keys/addresses.ts';
import type { Log } from '../observe/log.ts';
import { Fault } from '../reservation/fault.ts';
import { Secret } from '../secret/secret.ts';
import { may, type Operator, type Permission } from './operators.ts';
import { hashToken } from './tokens.ts';

export interface GuardParts {
  readonly find: (token: Secret) => Promise<Operator | undefined>;
  readonly log: Log;
  /** Wrong tokens from one address in a minute before it has to wait. */
  readonly guessesPerMinute?: number;
}

export interface Guard {
  /** Lets operators pass that have the permission: else 401, 403, or 429 for an address that guesses. */
  needs(permission: Permission): RequestHandler;
  /** For paths of the whole house that are open to some without a token. Never throws for a wrong one, only when the ledger cannot be asked. */
  admits(request: Request, permission: Permission): Promise<boolean>;
  /** Whether an operator has this token, sent from that address. Throws `too_many` for an address that guesses. */
  knows(token: Secret, from: string | undefined): Promise<boolean>;
}

const MOST_PROVEN = 1000;

export function createGuard({ find, log, guessesPerMinute = 20 }: GuardParts): Guard {
  const guesses = new RateLimiterMemory({ points: guessesPerMinute, duration: 60 });
  /** Hashes of tokens that were good here: a stranger who guesses from the same address does not lock their owners out. */
  const proven = new Set<string>();

  async function identify(request: Request): Promise<Operator> {
    const token = bearerOf(request);
    if (!token) throw new Fault('unauthorized', 'Send an operator token: Authorization: Bearer lko_…');
    const operator = await ownerOf(token, request.ip);
    if (!operator) throw new Fault('unauthorized', 'This operator token is not known, or it was disabled.');
    return operator;
  }

  async function ownerOf(token: Secret, from: string | undefined): Promise<Operator | undefined> {
    const hash = hashToken(token);
    const address = blockOf(from);
    // Counted before the answer is known, so that a burst is no way around it, and given back when the token was good.
    const counted = !proven.has(hash);
    if (counted) await guess(address);
    const operator = await find(token);
    if (operator) {
      if (counted) await guesses.reward(address);
      if (proven.size >= MOST_PROVEN) proven.clear();
      proven.add(hash);
      return operator;
    }
    proven.delete(hash);
    log.warn('operator token refused', { address });
    return undefined;
  }

  async function guess(address: string): Promise<void> {
    await guesses.consume(address).catch((state: { msBeforeNext: number }) => {
      throw new Fault('too_many', 'Too many wrong tokens from this address; wait.', { retryAfterMs: state.msBeforeNext });
    });
  }

  return {
    needs: (permission) => async (request, response, next) => {
      const operator = await identify(request);
      if (!may(operator, permission))
        throw new Fault(
          'forbidden',
          `The role ${operator.role} of operator ${operator.name} may not do this; it needs "${permission}".`,
        );
      response.locals['operator'] = operator;
      next();
    },
    admits: async (request, permission) => {
      try {
        const operator = await identify(request);
        return operator.project === null && may(operator, permission);
      } catch (error) {
        if (error instanceof Fault && (error.code === 'unauthorized' || error.code === 'too_many')) return false;
        throw error;
      }
    },
    knows: async (token, from) => (await ownerOf(token, from)) !== undefined,
  };
}

/** Who passed the guard. */
export function operatorOf(response: Response): Operator {
  const operator = response.locals['operator'] as Operator | undefined;
  if (!operator) throw new Error('access: this route is not guarded');
  return operator;
}

/** RFC 6750, with the scheme in any case. */
function bearerOf(request: Request): Secret | undefined {
  const token = /^Bearer +([\x21-\x7e]{1,512})$/i.exec(request.get('authorization') ?? '')?.[1];
  return token === undefined ? undefined : new Secret(token);
}
