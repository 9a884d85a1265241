import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import type { Answer, LeaksHouse } from './leaks-house.ts';

const soon = { timeout: 30_000, interval: 50 };
const ROBOT = { scopes: ['read'], endpoints: ['/api/**'] };

/** Keys that nobody booked: opaque, signed, in bulk, and of a value that its maker chose. As `liveThroughAll`. */
export async function liveWithoutBooking(house: LeaksHouse, needles: Map<string, string | Buffer>): Promise<Set<Answer>> {
  const revealing = new Set<Answer>();
  const shown = (answer: Answer, name: string): { value: string; id: string } => {
    expect(answer.status, `${answer.what}: ${name}`).toBeLessThan(300);
    revealing.add(answer);
    const value = /"value": ?"([^"]+)"/.exec(answer.text)?.[1];
    expect(value, name).toBeDefined();
    needles.set(name, value!);
    return { value: value!, id: /pky_[0-9a-f]{32}/.exec(answer.text)![0] };
  };
  const keys = '/projects/default/keys';
  const robot = shown(await house.operate(keys, { ...ROBOT, name: 'robot' }), 'the key of a robot');
  shown(await house.operate(`${keys}/${robot.id}/rotate`, { overlap: '1h', reason: 'a test' }), 'the next key of a robot');
  const token = shown(await house.operate(keys, { ...ROBOT, name: 'signed', tokenType: 'jwt' }), 'a signed token').value;
  for (const key of [robot.value, token, `${token.slice(0, -2)}AA`]) {
    const asked = { 'x-original-method': 'GET', 'x-original-uri': `/api/x?api_key=${key}`, 'x-api-key': key };
    await house.ask('/verify/nginx', { headers: asked });
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    await house.ask('/oauth/introspect', { body: `token=${key}`, headers: form });
  }

  const own = `own-value-${randomBytes(16).toString('hex')}`;
  needles.set('a value that its maker chose', own);
  const headers = { authorization: `Bearer ${house.made.adminToken}` };
  const said = { api_key: own, name: 'lab-ada', scopes: ['read'], allowed_endpoints: ['/api/**'] };
  expect((await house.ask('/api/keys', { body: said, headers })).status).toBe(201);
  const rate = { api_key: own, policy_type: 'rate_limit', configuration: { limit: '10/hour', scope: 'api_key' } };
  await house.ask('/api/policies', { body: rate, headers });
  await house.ask('/api/policies', { body: { ...rate, policy_type: 'none' }, headers });
  await house.ask(`/api/keys/${own}/usage`, { headers });
  expect((await house.ask(`/api/keys/${own}`, { method: 'DELETE', headers })).status).toBe(204);

  const bulk = await house.operate(`${keys}/bulk`, { verb: 'create', items: [{ ...ROBOT, name: 'one' }] });
  const id = /blk_[0-9a-f]{32}/.exec(bulk.text)![0];
  await expect.poll(async () => (await house.operate(`/bulk/${id}`)).text, soon).toMatch(/"state": ?"done"/);
  shown(await house.operate(`/bulk/${id}/values`, {}), 'the value of a bulk');
  for (const path of [keys, `${keys}/${robot.id}`, `/bulk/${id}/items`, '/audit', '/signing-keys'])
    expect((await house.operate(path)).status, path).toBe(200);
  return revealing;
}
