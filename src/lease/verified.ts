import { ASKABLE, type Driver, type IssueRequest, type Issued, type LimitReport } from '../../providers/driver.ts';
import { localKeyOf, type KeyManager } from '../../providers/key-manager.ts';

const BY_VERIFY = { by: 'latchkey', note: 'By /verify, where every request is put to it first.' } as const;

/**
 * A provider whose API asks our `/verify` as well: each of its keys is known to the built-in key manager too, which then keeps what the gateway
 * does not. A key is forgotten there first and revoked at the provider then. A value that the provider tells only at the claim is known from then on.
 */
export function verified(driver: Driver<unknown>, keys: KeyManager): Driver<unknown> {
  const { limits, issueMany, rotate, reveal, suspend, resume, retime, probe } = driver;

  async function known(request: IssueRequest, issued: Issued<unknown>): Promise<Issued<unknown>> {
    await keys.put(localKeyOf(request, issued.secret ?? request.secret));
    return issued;
  }

  return {
    ...driver,
    limits: withVerify(limits),
    limitsFor: (asked) => withVerify(driver.limitsFor?.(asked) ?? limits),
    issue: async (request, call) => await known(request, await driver.issue(request, call)),
    ...(rotate && { rotate: async (previous, request, call) => await known(request, await rotate(previous, request, call)) }),
    ...(issueMany && {
      async issueMany(requests, call) {
        const issued = await issueMany(requests, call);
        return await Promise.all(issued.map((one, index) => known(requests[index]!, one)));
      },
    }),
    ...(reveal && {
      async reveal(key, call) {
        const secret = await reveal(key, call);
        await keys.rekey(key.name, secret);
        return secret;
      },
    }),
    async revoke(key, call) {
      await keys.remove(key.name);
      return await driver.revoke(key, call);
    },
    ...((retime || !keepsExpiry(limits)) && {
      async retime(key, request, call) {
        await retime?.(key, request, call);
        await keys.retime(key.name, request.window);
      },
    }),
    async suspend(key, call) {
      await keys.suspend(key.name);
      await suspend?.(key, call);
    },
    async resume(key, call) {
      await resume?.(key, call);
      await keys.resume(key.name);
    },
    // Either door holds it back; only the provider knows that it is gone there.
    ...(probe && {
      async probe(key, call) {
        const there = await probe(key, call);
        return there === 'works' && (await keys.standing(key.name)) === 'held' ? 'held' : there;
      },
    }),
    usage: async ({ name }) => (await keys.usage(name)) ?? { used: 0 },
  };
}

/**
 * When a key may be made is as before: what the gateway lets through does not ask us at once. And what a value is, the gateway alone says.
 */
function withVerify(limits: LimitReport): LimitReport {
  const { notBefore, tokens } = limits;
  const entries = ASKABLE.map((limit) => [limit, limits[limit]?.by === 'gateway' ? limits[limit] : BY_VERIFY]);
  return { ...(Object.fromEntries(entries) as unknown as LimitReport), notBefore, tokens };
}

function keepsExpiry({ expiry }: LimitReport): boolean {
  return expiry.by === 'gateway' || expiry.by === 'approximate';
}
