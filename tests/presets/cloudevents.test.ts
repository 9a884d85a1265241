import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { permissionFor } from '../../src/sources/handshake/greet.ts';
import { sourceOf } from '../fixtures/source.ts';
import { dedupesOf } from './bookings.ts';
import { documentOf, presetOf, readAs, unsignedPreset, type Request } from './payloads.ts';

/** Our own events in CloudEvents, as routers send them. */

const events = unsignedPreset('cloudevents');
const STRUCTURED = { 'Content-Type': 'application/cloudevents+json' };
const created = documentOf('cloudevents', 'structured.created.composed.json');
const itemsOf = (request: Request, source = events) => readAs(source, request).arrival().items;
const binary = (over: Record<string, string> = {}): Request => ({
  body: created.data,
  headers: {
    'ce-specversion': '1.0',
    'ce-id': created.id,
    'ce-source': created.source,
    'ce-type': created.type,
    'ce-time': created.time,
    'ce-subject': created.subject,
    ...over,
  },
});

describe('an event in an envelope', () => {
  test('is the same in every mode, and however often it is sent', () => {
    const structured = itemsOf({ body: created, headers: STRUCTURED });
    expect(itemsOf(binary())).toEqual(structured);
    expect(itemsOf({ body: [created], headers: { 'Content-Type': 'application/cloudevents-batch+json' } })).toEqual(structured);
    const stamped = { ...created, time: '2026-03-01T08:05:00Z', traceparent: '00-1' };
    expect(dedupesOf(itemsOf({ body: stamped, headers: STRUCTURED }))).toEqual(dedupesOf(structured));
  });

  test('is another one with another id, or from another source', () => {
    const known = dedupesOf(itemsOf(binary()));
    expect(dedupesOf(itemsOf(binary({ 'ce-id': 'another' })))).not.toEqual(known);
    expect(dedupesOf(itemsOf(binary({ 'ce-source': 'https://elsewhere.example.org' })))).not.toEqual(known);
  });

  test('names its booking in data or in subject; data is stronger', () => {
    const named = { ...created, data: { ...created.data, reservationId: 'B-1' } };
    expect(itemsOf({ body: named, headers: STRUCTURED })).toMatchObject([{ event: { reservationId: 'B-1' } }]);
  });

  test.each([
    ['without a time', { time: undefined }],
    ['with a misspelt parameter', { data: { ...created.data, parameters: { scope: ['read'] } } }],
    ['of no booking', { subject: undefined }],
  ])('%s is kept aside', (_what, over) => {
    expect(itemsOf({ body: { ...created, ...over }, headers: STRUCTURED })).toMatchObject([{ outcome: 'quarantined' }]);
  });
});

describe('who sent it', () => {
  const code = (work: () => unknown) => {
    try {
      work();
      return 'accepted';
    } catch (error) {
      return (error as { code?: string }).code;
    }
  };

  test('is shown by a bearer token', () => {
    const signed = presetOf('cloudevents', { secret: 'the-token' });
    const sent = (authorization: string) =>
      code(() => readAs(signed, { body: created, headers: { ...STRUCTURED, Authorization: authorization } }));
    expect(['Bearer the-token', 'Bearer another', 'the-token', ''].map(sent)).toEqual([
      'accepted',
      'unauthorized',
      'unauthorized',
      'unauthorized',
    ]);
  });

  test('or as the entry says instead', () => {
    const signed = sourceOf({ preset: 'cloudevents', auth: { hmac: { header: 'X-Signature' } }, secrets: ['shared'] });
    const body = Buffer.from(JSON.stringify(created));
    const signature = createHmac('sha256', 'shared').update(body).digest('hex');
    expect(code(() => readAs(signed, { body, headers: { ...STRUCTURED, 'X-Signature': signature } }))).toBe('accepted');
    expect(code(() => readAs(signed, { body, headers: { ...STRUCTURED, Authorization: 'Bearer shared' } }))).toBe('unauthorized');
  });
});

test('whoever asks whether it may send is told that it may, at any rate', () => {
  expect(permissionFor(['WebHook-Request-Origin', 'eventgrid.azure.net'], events.handshakes)).toEqual({
    'WebHook-Allowed-Origin': 'eventgrid.azure.net',
    'WebHook-Allowed-Rate': '*',
  });
});
