import { afterAll, beforeAll, expect, test } from 'vitest';
import { ALERT_TYPES } from '../src/alerts/rule.ts';
import { newId } from '../src/ledger/ids.ts';
import { insertAlerts } from '../src/ledger/alerts.ts';
import { forgetOld } from '../src/ledger/retention.ts';
import { warnOfUnheard } from '../src/alerts/unheard.ts';
import { openApiHouse, type ApiHouse } from './api-house.ts';
import { engines } from './engines.ts';

/* What is written and how is asked of both engines in alerts.test.ts. */

const RULES = '/projects/default/alert-rules';
let house: ApiHouse;
beforeAll(async () => (house = await openApiHouse(engines[0]!)));
afterAll(async () => await house.close());

type Listed = { type: string; isDefault: boolean; threshold: number };
const rules = async () => (await house.get(RULES)).body.items as Listed[];

test('without a word there are default rules, and a rule of a type takes the place of its default one', async () => {
  const before = await rules();
  expect(before.every(({ isDefault }) => isDefault)).toBe(true);
  expect(before.map(({ type }) => type)).toContain('USAGE_ANOMALY');
  const asked = { name: 'busy', type: 'USAGE_ANOMALY', operator: 'gt', threshold: 20 };
  const made = await house.post(RULES, asked);
  expect(made).toMatchObject({
    status: 201,
    body: {
      ...asked,
      cooldownMinutes: 30,
      severity: 'warning',
      channels: [{ kind: 'webhook' }],
      isDefault: false,
      createdBy: 'admin',
    },
  });
  expect((await rules()).filter(({ type }) => type === 'USAGE_ANOMALY')).toMatchObject([{ threshold: 20, isDefault: false }]);

  const at = `/api/v1${RULES}/${made.body.id}`;
  const changed = { ...asked, operator: 'gte', threshold: 30, cooldownMinutes: 5, channels: [] };
  expect((await house.ask('PUT', at, { body: changed })).body).toMatchObject(changed);
  expect((await house.ask('PUT', at.replace('default', 'other'), { body: changed })).status).toBe(404);
  expect((await house.ask('DELETE', at)).status).toBe(204);
  expect((await house.ask('DELETE', at)).status).toBe(404);
  expect(await rules()).toEqual(before);
  const audited = (await house.get('/audit')).body.items.map(({ action }: { action: string }) => action);
  expect(audited.slice(0, 3)).toEqual(['alert-rule.deleted', 'alert-rule.changed', 'alert-rule.created']);
});

test('what makes no sense is refused', async () => {
  const good = { name: 'x', type: 'IP_VIOLATION', operator: 'gt', threshold: 1 };
  for (const wrong of [
    { type: 'BOREDOM' },
    { operator: '>' },
    { threshold: 'many' },
    { threshold: -1 },
    { cooldownMinutes: 1.5 },
    { channels: [{ kind: 'webhook', url: 'http://169.254.169.254/' }] },
    { channels: [{ kind: 'email', to: ['nobody'] }] },
    { channels: [{ kind: 'pigeon' }] },
    { name: 'two\nlines' },
  ])
    expect((await house.post(RULES, { ...good, ...wrong })).status, JSON.stringify(wrong)).toBe(400);
  expect((await rules()).every(({ isDefault }) => isDefault)).toBe(true);
});

test('people are told by mail where mail can be sent, and a rule that would tell nobody is refused', async () => {
  const { deps } = house;
  const mailed = {
    name: 'mailed',
    type: 'IP_VIOLATION',
    operator: 'gt',
    threshold: 1,
    channels: [{ kind: 'webhook' }, { kind: 'email', to: ['ops@example.org'] }],
  };
  const refused = await house.post(RULES, mailed);
  expect(refused).toMatchObject({ status: 400, body: { at: 'channels.1' } });
  expect(refused.body.detail).toContain('SMTP_URL');
  const plain = await house.post(RULES, { ...mailed, channels: [] });
  const put = await house.ask('PUT', `/api/v1${RULES}/${plain.body.id}`, { body: mailed });
  expect(put).toMatchObject({ status: 400, body: { at: 'channels.1' } });

  const warnings: unknown[] = [];
  const warned = async () => {
    await warnOfUnheard(deps.ledger.db, (_message, fields) => warnings.push(fields));
    return warnings.splice(0);
  };
  expect(await warned()).toEqual([]);
  house.state.sendsMail = true;
  const made = await house.post(RULES, mailed);
  expect(made).toMatchObject({ status: 201, body: { channels: mailed.channels } });
  house.state.sendsMail = false;
  expect(await warned()).toEqual([{ project: 'default', rule: made.body.id }]);
});

test('the history is a list and a count, of one project', async () => {
  const { ledger, now } = house.deps;
  const alerts = ALERT_TYPES.slice(0, 3).flatMap((type) =>
    ['default', 'default', 'other'].map((project, place) => ({
      id: newId('alr'),
      ruleId: `default:${type}`,
      project,
      type,
      subject: 'lse_1',
      crossing: `hour ${place}`,
      at: now(),
      detail: { reason: 'because', severity: 'info', value: 2, threshold: 1, operator: 'gt' },
      suspend: null,
      suspendAt: null,
    })),
  );
  await ledger.transact((tx) => insertAlerts(tx.db, alerts));
  const { items } = (await house.get('/projects/default/alerts')).body;
  expect(items).toHaveLength(6);
  expect(items[0]).toMatchObject({ subject: 'lse_1', reason: 'because', value: 2, threshold: 1, suspension: null });
  expect(items[0].detail).toBeUndefined();
  expect((await house.get('/projects/default/alerts?type=RATE_LIMIT_EXCEEDED')).body.items).toHaveLength(2);
  expect((await house.get('/projects/default/alerts?subject=lse_2')).body.items).toEqual([]);
  expect((await house.get('/projects/default/alerts/stats')).body).toMatchObject({
    total: 6,
    byType: { RATE_LIMIT_EXCEEDED: 2 },
  });
  expect((await house.get('/projects/default/alerts/stats?since=2030-01-01T00:00:00Z')).body).toMatchObject({
    total: 0,
    byType: {},
  });
  expect((await house.get('/projects/nowhere/alerts')).status).toBe(404);
  const inDays = (days: number) => new Date(now().getTime() + days * 86_400_000);
  await forgetOld(ledger.db, inDays(399));
  expect((await house.get('/projects/default/alerts')).body.items).toHaveLength(6);
  await forgetOld(ledger.db, inDays(401));
  expect((await house.get('/projects/default/alerts')).body.items).toEqual([]);
});
