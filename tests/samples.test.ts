import { describe, expect, test } from 'vitest';
import { SAMPLES } from '../src/cli/samples.ts';
import { SAMPLE_TYPES, Untold, type SampleType } from '../src/cli/samples/sample.ts';
import { readRequest } from '../src/intake/read.ts';
import type { MappedItem } from '../src/reservation/source.ts';
import { Secret } from '../src/secret/secret.ts';
import { sourceOf } from './fixtures/source.ts';

/* What `latchkey send` posts for each preset, read by that preset as it is shipped. */

type PresetId = keyof typeof SAMPLES;

const NOW = new Date('2026-01-01T09:00:00Z');
const URL = 'https://keys.example.org/webhooks/tried';
const secretOf = (preset: PresetId) => (preset === 'standard' ? 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' : 'a-secret');
const sample = {
  booking: '42',
  resource: 'lab-7',
  resourceType: 'API Key',
  email: 'eve@example.org',
  startsAt: new Date('2026-01-01T10:00:00Z'),
  endsAt: new Date('2026-01-01T12:00:00Z'),
  parameters: {},
};

/** As it is received: authentic, and in our words. */
function received(preset: PresetId, type: SampleType): MappedItem {
  const signing = { secret: new Secret(secretOf(preset)), now: NOW, url: URL };
  const { headers, body } = SAMPLES[preset]({ ...sample, type }, signing);
  const source = sourceOf({ preset, secrets: [secretOf(preset)] }, { name: 'tried', change: { url: URL } });
  const rawHeaders = Object.entries({ 'content-type': 'application/json', ...headers }).flat();
  const reading = readRequest({ source: 'tried', rawHeaders, body: Buffer.from(body), requestId: 'req_1' }, source, NOW);
  const { items } = reading.arrival();
  expect(items).toHaveLength(1);
  return items[0]!;
}

/** What a system that knows nothing of the kind says instead. */
const OTHERWISE: Partial<Record<PresetId, Partial<Record<SampleType, SampleType>>>> = {
  calendly: { updated: 'created', started: 'created' },
  square: { started: 'created' },
};
const UNTOLD = new Set(['calendly ended', 'square ended']);

const presets = Object.keys(SAMPLES) as PresetId[];
const cases = presets.flatMap((preset) => SAMPLE_TYPES.map((type) => [preset, type] as const));

describe('a sample is taken by the preset', () => {
  test.each(cases.filter(([preset, type]) => type !== 'test' && !UNTOLD.has(`${preset} ${type}`)))('%s: %s', (preset, type) => {
    const item = received(preset, type);
    expect(item).toMatchObject({
      outcome: 'accepted',
      event: { type: OTHERWISE[preset]?.[type] ?? type, reservationId: '42' },
    });
    if (item.outcome !== 'accepted' || type === 'ended' || type === 'cancelled') return;
    const who = ['cal.com', 'calendly'].includes(preset) ? 'eve@example.org' : 'eve';
    const what = preset === 'zoom' ? 'eve' : 'lab-7';
    const { startsAt, endsAt } = sample;
    expect(item.event).toMatchObject({ startsAt, endsAt, holders: [{ id: who }], resource: { id: what } });
  });

  test.each(presets)('a test event of %s moves nothing', (preset) => {
    expect(received(preset, 'test')).toMatchObject({ outcome: 'ignored' });
  });

  test.each(cases.filter(([preset, type]) => UNTOLD.has(`${preset} ${type}`)))('%s never tells %s', (preset, type) => {
    expect(() => received(preset, type)).toThrow(Untold);
  });
});
