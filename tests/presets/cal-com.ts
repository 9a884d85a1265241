import { tell } from './bookings.ts';
import { documentOf, unsignedPreset, type Foreign } from './payloads.ts';

/** Messages of Cal.com, as recorded and changed. */

export const calCom = unsignedPreset('cal.com');

export const payload = (file: string): Foreign => documentOf('cal.com', `${file}.json`);

export const told = (...messages: object[]) => tell(calCom, messages);

/** A BOOKING_CREATED, made another message. */
export function wrapped(type: string, over: object, createdAt: string): Foreign {
  const created = payload('BOOKING_CREATED');
  return { ...created, triggerEvent: type, createdAt, payload: { ...created.payload, ...over } };
}
