import { expect, test } from 'vitest';
import { aCall, newSecret, sampleRequest, toolsFor } from '../contract-world.ts';
import { aws } from './driver.ts';

/*
 * Against the real service: LIVE=aws npm test. Takes credentials where the SDK finds them, AWS_REGION, API_GATEWAY_ID and, where the API
 * has more than one stage, AWS_API_STAGE. Leaves nothing behind but a usage plan without keys, which `tidy` collects.
 */

const { LIVE = '', AWS_REGION, API_GATEWAY_ID, AWS_API_STAGE } = process.env;

test.runIf(LIVE.split(',').includes('aws'))(
  'the life of a key at AWS',
  async () => {
    const config = aws.config.parse({ region: AWS_REGION, restApiId: API_GATEWAY_ID, stage: AWS_API_STAGE });
    const driver = aws.open(config, toolsFor('aws'));
    const at = Date.now();
    const window = { opensAt: new Date(at), closesAt: new Date(at + 600_000) };
    const named = (name: string) => sampleRequest({ name: `lk-live-${at}-${name}`, secret: newSecret(), window });
    const requests = ['1', '2', '3', '4', '5', '6', '7'].map(named);
    const call = () => aCall(AbortSignal.timeout(60_000));

    expect(await driver.check(call())).toMatchObject({ ok: true });
    const made = [await driver.issue(requests[0]!, call()), ...(await driver.issueMany!(requests.slice(1), call()))];
    try {
      expect((await driver.issue(requests[0]!, call())).existed).toBe(true);
      const refs = requests.map(({ name }, at) => ({ name, handle: made[at]!.handle, secret: null }));
      for (const ref of refs) expect(await driver.probe!(ref, call())).toBe('works');
      const listed = (await Array.fromAsync(driver.list!(call()))).filter(({ name }) => name.startsWith(`lk-live-${at}-`));
      expect(listed.map(({ name }) => name).sort()).toEqual(requests.map(({ name }) => name));
      for (const key of listed) expect(key.driftFrom?.(requests[0]!)).toEqual([]);
      expect(await driver.usage!(refs[0]!, { from: window.opensAt, to: window.opensAt }, call())).toEqual({ used: 0 });
    } finally {
      for (const { name } of requests) await driver.revoke({ name, handle: null, secret: null }, call());
    }
    for (const { name } of requests) expect(await driver.probe!({ name, handle: null, secret: null }, call())).toBe('gone');
  },
  300_000,
);
