import { z } from 'zod';
import { type Call, defineDriver, DriverError, type LimitReport } from '../driver.ts';
import { localKeyOf } from '../key-manager.ts';

const EXACT = { by: 'gateway', note: 'Exact, where every request is put to /verify first.' } as const;

const OUR_NAME = /^lk-/;

const limits: LimitReport = {
  scopes: EXACT,
  endpoints: EXACT,
  methods: EXACT,
  quota: EXACT,
  rate: EXACT,
  allowedIps: EXACT,
  notBefore: EXACT,
  expiry: EXACT,
  limits: EXACT,
  scopeEndpoints: EXACT,
  deniedIps: EXACT,
  hours: EXACT,
  tokens: EXACT,
};

/** Keys of our own, in our own ledger: found by name, so nothing can be lost between us and the provider. */
export const builtin = defineDriver({
  id: 'builtin',
  config: z.strictObject({}),
  handle: z.object({ keyId: z.string() }),
  open(_config, { keys, provider }) {
    const ask = async <T>(call: Call, work: () => Promise<T>): Promise<T> => {
      const { promise: aborted, reject } = Promise.withResolvers<never>();
      const abort = () => reject(new DriverError('transient', `${provider}: the key manager did not answer in time`));
      if (call.signal.aborted) abort();
      call.signal.addEventListener('abort', abort, { once: true });
      try {
        return await Promise.race([aborted, call.signal.aborted ? aborted : work()]);
      } catch (error) {
        throw error instanceof DriverError ? error : failureOf(error, provider);
      } finally {
        call.signal.removeEventListener('abort', abort);
      }
    };
    const gone = () => new DriverError('gone', `${provider}: there is no such key`);

    return {
      limits,
      pace: { issuePerSecond: 10_000, revokePerSecond: 10_000, concurrency: 64 },

      async issue(request, call) {
        return { handle: await ask(call, () => keys.put(localKeyOf(request, request.secret))) };
      },

      async revoke(key, call) {
        await ask(call, () => keys.remove(key.name));
      },

      async retime(key, request, call) {
        if (!(await ask(call, () => keys.retime(key.name, request.window)))) throw gone();
      },

      async suspend(key, call) {
        if (!(await ask(call, () => keys.suspend(key.name)))) throw gone();
      },

      async resume(key, call) {
        if (!(await ask(call, () => keys.resume(key.name)))) throw gone();
      },

      async usage(key, _range, call) {
        const usage = await ask(call, () => keys.usage(key.name));
        if (!usage) throw gone();
        return usage;
      },

      probe: (key, call) => ask(call, () => keys.standing(key.name)),

      async *list(call) {
        const entries = keys.list()[Symbol.asyncIterator]();
        for (;;) {
          const entry = await ask(call, () => entries.next());
          if (entry.done) return;
          // What others make at the key manager is not ours to count.
          if (OUR_NAME.test(entry.value.name))
            yield { name: entry.value.name, handle: { keyId: entry.value.keyId }, secret: null };
        }
      },

      async check(call) {
        await ask(call, () => keys.usage('latchkey-check'));
        return { ok: true, warnings: [] };
      },
    };
  },
});

/** Without what the ledger has to say, which may quote what it was given. */
function failureOf(error: unknown, provider: string): DriverError {
  const invalid = error instanceof Error && 'code' in error && error.code === 'invalid';
  return invalid
    ? new DriverError('rejected', `${provider}: the key manager cannot keep a key like this`)
    : new DriverError('transient', `${provider}: the key manager failed`);
}
