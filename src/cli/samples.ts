import { calCom } from './samples/cal.com.ts';
import { calendly } from './samples/calendly.ts';
import { cloudResourceReservation } from './samples/cloud-resource-reservation.ts';
import { cloudevents } from './samples/cloudevents.ts';
import type { Build } from './samples/sample.ts';
import { square } from './samples/square.ts';
import { standard } from './samples/standard.ts';
import { zoom } from './samples/zoom.ts';

/** How each booking system writes and signs, by its preset. */
export const SAMPLES = {
  'cloud-resource-reservation': cloudResourceReservation,
  standard,
  'cal.com': calCom,
  calendly,
  square,
  zoom,
  cloudevents,
} as const satisfies Readonly<Record<string, Build>>;
