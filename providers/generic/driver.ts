import { z } from 'zod';
import { Secret } from '../../src/secret/secret.ts';
import { type Call, defineDriver, DriverError, type Health, type KeyRef } from '../driver.ts';
import { type Answer, createClient } from './client.ts';
import { Config } from './config.ts';
import type { Preset } from './preset.ts';
import { seed } from './presets/seed.ts';

const presets: Record<z.output<typeof Config>['preset'], Preset> = { seed };

/** The API addresses keys by their value, so finding one again takes the value. */
const Handle = z.object({ apiKey: z.instanceof(Secret) });

export const generic = defineDriver({
  id: 'generic',
  config: Config,
  handle: Handle,
  open(config, { provider, userAgent }) {
    const preset = presets[config.preset];
    const client = createClient({ ...config, timeoutMs: config.timeout, userAgent, provider });

    const valueOf = ({ handle, secret }: KeyRef<z.output<typeof Handle>>): Secret => {
      const value = handle?.apiKey ?? secret;
      if (!value)
        throw new DriverError(
          'rejected',
          `${provider}: the key's value is not known any more, and the API finds no key without it`,
        );
      return value;
    };
    const readUsage = async (apiKey: Secret, call: Call): Promise<Answer> => {
      const answer = await client.send(preset.usage(apiKey), call);
      if (answer.outcome === 'gone') throw new DriverError('gone', `${provider}: there is no such key`, { status: 404 });
      return answer;
    };

    return {
      limits: preset.limits,
      pace: config.pace,
      // No call has more than two requests one after the other; the rest is for what is done in between.
      deadlineMs: 2 * config.timeout + 1000,

      async issue(request, call) {
        // `exists` is as good: the value is ours and random, so the key is too, from a call whose answer was lost.
        const key = await client.send(preset.create(request), call);
        // All of them end before a failure is thrown, so that none overtakes the revoke that may follow.
        const attached = await Promise.allSettled(preset.policies(request).map((step) => client.send(step, call)));
        // Before any other failure: repeated, this call would find the key there, and take the conflict for its own policy.
        if (key.outcome === 'ok' && attached.some(isConflict))
          throw new DriverError(
            'rejected',
            `${provider}: the key is new, and yet the manager called one of its policies a conflict: it does not take all of them`,
            { status: 409 },
          );
        for (const policy of attached) if (policy.status === 'rejected') throw policy.reason;
        return { handle: { apiKey: request.secret }, existed: key.outcome === 'exists' };
      },

      async revoke(key, call) {
        await client.send(preset.revoke(valueOf(key)), call);
      },

      async retime(key, request, call) {
        // Creating a key that somebody deleted would leave one without policies.
        await readUsage(valueOf(key), call);
        const answer = await client.send(preset.retime({ ...request, secret: valueOf(key) }, call.requestId), call);
        if (answer.outcome === 'exists')
          throw new DriverError('rejected', `${provider}: the manager does not move a key's window`, { status: 409 });
      },

      async usage(key, _range, call) {
        const answer = await readUsage(valueOf(key), call);
        const usage = preset.usageAnswer.safeParse(jsonOf(answer.text));
        if (!usage.success) throw new DriverError('transient', `${provider}: the usage came in a form we do not know`);
        return usage.data;
      },

      async check(call) {
        // The usage of a key that nobody has: a 404 tells that the manager answers and takes our token.
        await client.send(preset.usage(new Secret('latchkey-check')), call);
        return healthOf(config.endpoint);
      },
    };
  },
});

const isConflict = (policy: PromiseSettledResult<Answer>) => policy.status === 'fulfilled' && policy.value.outcome === 'exists';

function healthOf(endpoint: string): Health {
  const { protocol, hostname } = new URL(endpoint);
  const open = protocol === 'http:' && !['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return { ok: true, warnings: open ? ['The management token and all keys travel unencrypted: use https.'] : [] };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
