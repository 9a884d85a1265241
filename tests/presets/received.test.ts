import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEngines } from '../engines.ts';
import { openHouse, source, type House } from '../intake-house.ts';
import { bytesOf, documentOf } from './payloads.ts';

/** Presets in the service: real HTTP, real rows. */

const NOW = '2026-03-01T08:30:00Z';

describeEngines('presets, received', (engine) => {
  let house: House;
  beforeAll(async () => {
    house = await openHouse(engine, NOW);
    const sources = Object.fromEntries(['cal.com', 'square', 'zoom'].map((preset) => [preset, source(preset, preset, SECRET)]));
    house.setPolicy({ sources });
  });
  afterAll(async () => house.close());

  const SECRET = 'the secret of both';
  const sign = (text: string, encoding: 'hex' | 'base64' = 'hex') => createHmac('sha256', SECRET).update(text).digest(encoding);
  const calCom = (file: string) => {
    const body = bytesOf('cal.com', `${file}.json`);
    return house.post('/webhooks/cal.com', new Uint8Array(body), { 'X-Cal-Signature-256': sign(body.toString()) });
  };
  const zoom = (document: object) => {
    const body = JSON.stringify(document);
    const at = String(Date.parse(NOW) / 1000);
    return house.post('/webhooks/zoom', body, {
      'x-zm-request-timestamp': at,
      'x-zm-signature': `v0=${sign(`v0:${at}:${body}`)}`,
    });
  };
  /** Who holds a lease of which booking that is not over. */
  const held = async (source: string) => {
    const rows = await house.db
      .selectFrom('lease')
      .innerJoin('reservation', 'reservation.id', 'lease.reservationId')
      .select(['reservation.externalId', 'reservation.closed', 'lease.holderId'])
      .where('reservation.source', '=', source)
      .execute();
    return rows.flatMap(({ externalId, closed, holderId }) => (closed ? [] : [`${externalId}: ${holderId}`])).sort();
  };

  test('Cal.com: each attendee of a booking has a lease, and each seat', async () => {
    const [ana, ben] = [
      await calCom('seats.1-BOOKING_CREATED.ana.composed'),
      await calCom('seats.2-BOOKING_CREATED.ben.composed'),
    ];
    expect([ana, ben].map(({ status, body }) => [status, body.status])).toEqual([
      [202, 'accepted'],
      [202, 'accepted'],
    ]);
    expect(await held('cal.com')).toEqual([
      'slot-nine/ana@example.com: ana@example.com',
      'slot-nine/ben@example.com: ben@example.com',
    ]);
    expect((await calCom('seats.2-BOOKING_CREATED.ben.composed')).body.status).toBe('duplicate');
    await calCom('seats.3-BOOKING_CANCELLED.ana-alone.composed');
    expect(await held('cal.com')).toEqual(['slot-nine/ben@example.com: ben@example.com']);
    await calCom('seats.4-BOOKING_RESCHEDULED.ben-to-cleos-slot.composed');
    expect(await held('cal.com')).toEqual([
      'slot-ten/ben@example.com: ben@example.com',
      'slot-ten/cleo@example.com: cleo@example.com',
    ]);
    await calCom('seats.5-BOOKING_RESCHEDULED.host-moves-all.composed');
    await calCom('seats.6-BOOKING_CANCELLED.all.composed');
    expect(await held('cal.com')).toEqual([]);
    const body = Buffer.from(
      JSON.stringify(documentOf('cal.com', 'BOOKING_CREATED.json')).replaceAll('2024-01-01T1', '2026-03-02T1'),
    );
    await house.post('/webhooks/cal.com', new Uint8Array(body), { 'X-Cal-Signature-256': sign(body.toString()) });
    expect(await held('cal.com')).toEqual([
      'unique-booking-id: additional-guest@example.com',
      'unique-booking-id: guest@example.com',
    ]);
  });

  test('Zoom: the challenge is answered and leaves nothing, an event is answered 200', async () => {
    const challenge = await zoom(documentOf('zoom', 'endpoint.url_validation.json'));
    expect(challenge.status).toBe(200);
    expect(challenge.body).toEqual({ plainToken: 'qgg8vlvZRS6UYooatFL8Aw', encryptedToken: sign('qgg8vlvZRS6UYooatFL8Aw') });
    const recorded = () => house.db.selectFrom('event').select('type').where('source', '=', 'zoom').execute();
    expect(await recorded()).toEqual([]);
    const made = await zoom(documentOf('zoom', 'meeting.created.composed.json'));
    expect([made.status, made.body]).toMatchObject([200, { status: 'accepted', reservations: ['111111111'] }]);
    expect((await zoom(documentOf('zoom', 'meeting.participant_joined.composed.json'))).status).toBe(200);
    expect((await zoom(documentOf('zoom', 'meeting.updated.duration-only.composed.json'))).body.status).toBe('quarantined');
  });

  test('Square: signed for the address that the service is known by', async () => {
    const body = bytesOf('square', 'booking.created.json');
    const post = (url: string) =>
      house.post('/webhooks/square', new Uint8Array(body), {
        'x-square-hmacsha256-signature': sign(`${url}${body.toString()}`, 'base64'),
      });
    expect((await post('https://keys.example.org/webhooks/square')).status).toBe(202);
    expect((await post('https://elsewhere.example.org/webhooks/square')).status).toBe(401);
  });
});
