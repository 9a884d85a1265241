import type { Clock, Script } from './script.ts';
import { blazar } from './scripts/blazar.ts';
import { calCom } from './scripts/cal.com.ts';
import { calendly } from './scripts/calendly.ts';
import { cloudResourceReservation } from './scripts/cloud-resource-reservation.ts';
import { cloudEvents } from './scripts/cloudevents.ts';
import { square } from './scripts/square.ts';
import { standard } from './scripts/standard.ts';
import { zoom } from './scripts/zoom.ts';

/** What each system that we have a preset for sends about one booking, by the name of the preset. */
export const scripts: Readonly<Record<string, (at: Clock) => Script>> = {
  blazar,
  'cal.com': calCom,
  calendly,
  'cloud-resource-reservation': cloudResourceReservation,
  cloudevents: cloudEvents,
  square,
  standard,
  zoom,
};
