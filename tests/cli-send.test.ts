import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { MappedItem } from '../src/reservation/source.ts';
import { verifyRequest } from '../src/sources/auth/verify.ts';
import { sourceOf } from './fixtures/source.ts';
import { latchkey, problem, startStandIn, type Asked, type StandIn } from './cli-world.ts';

const SECRETS = {
  'cloud-resource-reservation': 'c2VjcmV0IG9mIHRoZSBib29raW5nIHN5c3RlbQ==',
  standard: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
};
type PresetId = keyof typeof SECRETS;

let receiver: StandIn;
afterEach(async () => await receiver?.close());

const accepted = () => ({ status: 202, body: { status: 'accepted', eventId: 'evt_1', reservations: ['42'] } });
const listen = async (answer = accepted) => (receiver = await startStandIn({ 'POST /webhook': answer }));
const send = async (args: string, env?: Record<string, string>) => await latchkey(['send', ...args.split(' ')], { env });

/** What the real intake makes of the request: authentic, and in our words. */
function received(preset: PresetId, secret: string): MappedItem {
  const { rawHeaders, raw, body } = receiver.asked[0]! satisfies Asked;
  const now = new Date();
  const source = sourceOf({ preset, secrets: [secret] });
  const verified = verifyRequest({ rawHeaders, body: raw, now }, source);
  expect(verified).toMatchObject({ ok: true });
  const items = source.mapping.map(body, { now, ...(verified.ok && { signedId: verified.id, sentAt: verified.sentAt }) });
  expect(items).toHaveLength(1);
  return items[0]!;
}

describe('a sample is taken by the real intake', () => {
  const booked =
    '--booking 42 --resource lab-7 --email eve@example.org --starts 2026-01-01T10:00:00Z --ends 2026-01-01T12:00:00Z';
  const asked = '--param scopes=read,write quota=10 rateLimit=5/minute';
  const presets = Object.keys(SECRETS) as PresetId[];
  const types = ['created', 'updated', 'started', 'ended', 'cancelled'];

  test.each(presets.flatMap((preset) => types.map((type) => [preset, type] as const)))('%s: %s', async (preset, type) => {
    await listen();
    const secret = SECRETS[preset];
    const ran = await send(`${type} --to ${receiver.url} --secret ${secret} --source-preset ${preset} ${booked} ${asked}`);
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining('202') });
    const item = received(preset, secret);
    expect(item).toMatchObject({
      outcome: 'accepted',
      event: {
        type,
        reservationId: '42',
        resource: { id: 'lab-7', type: 'API Key' },
        holders: [{ id: 'eve' }],
        startsAt: new Date('2026-01-01T10:00:00Z'),
        endsAt: new Date('2026-01-01T12:00:00Z'),
        parameters: { scopes: ['read', 'write'], quota: 10, rateLimit: '5/minute' },
      },
    });
  });

  test.each(presets)('a test event of %s moves nothing', async (preset) => {
    await listen();
    await send(`test --to ${receiver.url}/webhook --secret ${SECRETS[preset]} --source-preset ${preset}`);
    expect(received(preset, SECRETS[preset])).toMatchObject({ outcome: 'ignored' });
  });
});

describe('send', () => {
  test('needs no options beside its own service: address, secret, a new booking of one hour from now', async () => {
    await listen();
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-send-'));
    writeFileSync(join(folder, 'webhook.secret'), 'made on the first start\n');
    const ran = await send('started', { PUBLIC_URL: receiver.url, DATA_DIR: folder });
    rmSync(folder, { recursive: true });
    expect(ran.code).toBe(0);
    const item = received('cloud-resource-reservation', 'made on the first start');
    if (item.outcome !== 'accepted') throw new Error(`the sample is ${item.outcome}`);
    const { startsAt, endsAt } = item.event;
    expect(endsAt!.getTime() - startsAt!.getTime()).toBe(3_600_000);
  });

  test('takes times from now on, and answers one JSON value with --json', async () => {
    await listen();
    const { stdout } = await send(`started --to ${receiver.url} --secret s --starts +30m --ends +90m --booking 7 --json`);
    expect(JSON.parse(stdout)).toEqual({ url: `${receiver.url}/webhook`, booking: '7', status: 202, answer: accepted().body });
    const { eventStart, eventEnd } = receiver.asked[0]!.body as { eventStart: string; eventEnd: string };
    expect(Date.parse(eventEnd) - Date.parse(eventStart)).toBeGreaterThanOrEqual(3_600_000);
    expect(Date.parse(eventStart)).toBeGreaterThan(Date.now() + 29 * 60_000);
  });

  test.each([
    ['create', 'EVENT_CREATED'],
    ['update', 'EVENT_UPDATED'],
    ['start', 'EVENT_START'],
    ['end', 'EVENT_END'],
    ['cancel', 'EVENT_DELETED'],
  ])('%s is said for %s too', async (said, eventType) => {
    await listen();
    expect(await send(`${said} --to ${receiver.url} --secret s`)).toMatchObject({ code: 0 });
    expect(receiver.asked[0]!.body).toMatchObject({ eventType });
  });

  test.each([
    [401, 4],
    [400, 1],
    [503, 1],
  ])('an answer of %i is code %i, and is shown', async (status, code) => {
    await listen(() => problem(status, 'said by the service') as ReturnType<typeof accepted>);
    const ran = await send(`started --to ${receiver.url} --secret s`);
    expect(ran).toMatchObject({ code, stdout: expect.stringContaining('said by the service') });
  });

  test.each([
    ['no secret anywhere', 'started', 'There is no secret to sign with'],
    ['a secret that Standard Webhooks cannot use', 'started --secret !! --source-preset standard', '--secret cannot sign'],
    ['a type that is none', 'finished --secret s', 'Allowed choices'],
    ['a parameter without a value', 'started --secret s --param scopes', 'name=value'],
  ])('%s is a mistake of usage, and nothing is sent', async (_name, args, said) => {
    await listen();
    const ran = await send(`${args} --to ${receiver.url}`);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain(said);
    expect(receiver.asked).toEqual([]);
  });
});
