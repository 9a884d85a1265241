import { type Call, defineDriver, type Driver, type KeyRef } from '../driver.ts';
import { createClient } from './client.ts';
import type { Steps } from './compile.ts';
import { Config } from './config.ts';
import { Handle } from './handle.ts';
import { issueWith } from './issue.ts';
import { longest } from './longest.ts';
import { settingsOf } from './preset-settings.ts';
import { checkManager, listKeys, probeKey, readUsage } from './readings.ts';
import { revokeWith } from './revoke.ts';
import { run } from './run.ts';
import { requestValues } from './values.ts';
import { locate, runnerFor, type Works } from './works.ts';

/** Any key-management API over HTTP that a preset describes. A power is there where the preset has it. */
export const generic = defineDriver({
  id: 'generic',
  config: Config,
  handle: Handle,
  open({ preset, settings, endpoint, token, timeout, pace }, { provider, userAgent }): Driver<Handle> {
    const base = { settings: settingsOf(preset.settings, settings), tables: preset.tables };
    const auth = { header: preset.auth.header, value: preset.auth.value(token, base) };
    const works: Works = {
      preset,
      base,
      endpoint,
      provider,
      client: createClient({ endpoint, auth, timeoutMs: timeout, userAgent, provider }),
    };
    const { limitsFor, keyForm, retime, suspend, resume } = preset;
    // With what is so by the settings, whatever is asked.
    const limits = limitsFor ? limitsFor({ scopes: [], methodsByScope: {}, endpoints: [] }, base) : preset.limits;

    const change = (steps: Steps) => async (key: KeyRef<Handle>, call: Call) => {
      await run(steps, await locate(works, key, call, steps.flat()), runnerFor(works, call));
    };

    return {
      limits,
      keyForm,
      pace,
      // So many requests one after the other; the rest is for what is done in between.
      deadlineMs: longest(preset) * timeout + 1000,
      issue: (request, call) => issueWith(works, request, call),
      revoke: (key, call) => revokeWith(works, key, call),
      ...(limitsFor && { limitsFor: (asked) => limitsFor(asked, base) }),
      ...(retime && {
        retime: async (key, request, call) => {
          const known = await locate(works, key, call, retime.flat());
          await run(retime, { ...requestValues(request), ...known }, runnerFor(works, call));
        },
      }),
      ...(suspend && { suspend: change(suspend) }),
      ...(resume && { resume: change(resume) }),
      ...(preset.usage && { usage: (key, _range, call) => readUsage(works, key, call) }),
      ...(preset.probe && { probe: (key, call) => probeKey(works, key, call) }),
      ...(preset.list && { list: (call) => listKeys(works, call) }),
      check: (call) => checkManager(works, call),
    };
  },
});
