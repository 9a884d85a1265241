import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { aCall, sampleRequest, toolsFor } from '../contract-world.ts';
import { createClient } from './client.ts';
import { gcp } from './driver.ts';
import { createTargets } from './target.ts';

/*
 * One key's life at the real Google Cloud. Needs credentials (Application Default Credentials), GOOGLE_PROJECT_ID, GOOGLE_API_CONFIG_ID and LIVE=gcp.
 * With LIVE_PATH, a path that the gateway serves, it knocks there with the key in x-api-key, and tells when it was let through and when no more.
 */

const { LIVE, GOOGLE_PROJECT_ID, GOOGLE_API_CONFIG_ID, LIVE_PATH } = process.env;
const PATIENCE_MS = 10 * 60_000;

describe.runIf(LIVE === 'gcp')('the real Google Cloud', () => {
  test('a key is made, told, held back, let go and deleted', { timeout: 2 * PATIENCE_MS }, async () => {
    const config = gcp.config.parse({ projectId: GOOGLE_PROJECT_ID, apiConfig: GOOGLE_API_CONFIG_ID });
    const tools = toolsFor('google');
    const driver = gcp.open(config, tools);
    const call = () => aCall(AbortSignal.timeout(180_000));
    console.log('check:', await driver.check(call()));

    const request = sampleRequest({ name: `lk-live-${randomBytes(6).toString('hex')}-g1` });
    const { handle } = await driver.issue(request, call());
    const ref = { name: request.name, handle, secret: null };
    try {
      expect(await driver.issue(request, call())).toMatchObject({ existed: true });
      expect(await driver.probe!(ref, call())).toBe('works');
      const value = await driver.reveal!(ref, call());
      expect(value.reveal()).toMatch(/^AIza/);
      const listed = await Array.fromAsync(driver.list!(call()));
      expect(listed.find(({ name }) => name === ref.name)?.driftFrom?.(request)).toEqual([]);
      await knocked('opened', value.reveal());
      await driver.suspend!(ref, call());
      expect(await driver.probe!(ref, call())).toBe('held');
      await knocked('held back', value.reveal());
      await driver.resume!(ref, call());
      await driver.revoke(ref, call());
      await knocked('deleted', value.reveal());
    } finally {
      await driver.revoke(ref, call());
    }
    expect(await driver.probe!(ref, call())).toBe('gone');
    await expect(driver.issue(request, call())).rejects.toMatchObject({ kind: 'rejected' });

    async function knocked(how: 'opened' | 'held back' | 'deleted', key: string): Promise<void> {
      if (!LIVE_PATH) return;
      const client = createClient({ config, provider: 'google', userAgent: tools.userAgent, authClient: undefined });
      const found = await createTargets(client, config, 'google').look(call());
      const url = `https://${found?.hosts[0]}${LIVE_PATH}`;
      const began = performance.now();
      for (let passed = how !== 'opened'; performance.now() - began < PATIENCE_MS; await sleep(5000)) {
        passed = (await fetch(url, { headers: { 'x-api-key': key } })).ok;
        if (passed === (how === 'opened')) break;
      }
      console.log(`${how}: known at the gateway after ${Math.round((performance.now() - began) / 1000)} s`);
    }
  });
});
