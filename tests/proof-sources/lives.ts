/** Stories of a preset's script, by their names. The last message of `over` and `cancelled` shuts the door; where no end is told the clock does. */
export interface Lives {
  readonly over?: string;
  readonly untold?: string;
  readonly cancelled: string;
  /** Where the link goes. */
  readonly holder: string;
}

export const LIVES: Readonly<Record<string, Lives>> = {
  blazar: { over: 'booked, moved, begun, over', cancelled: 'begun and deleted', holder: 'ada@campus.example' },
  'cal.com': { over: 'booked, moved, begun, over', cancelled: 'booked and cancelled', holder: 'ana@example.com' },
  calendly: {
    untold: 'booked and moved; no start and no end is ever sent',
    cancelled: 'moved and cancelled',
    holder: 'Ana@example.com',
  },
  'cloud-resource-reservation': {
    over: 'booked, moved, begun, over',
    cancelled: 'cancelled after it began',
    holder: 'ada@campus.example',
  },
  cloudevents: {
    over: 'booked, moved, begun, over, in all modes',
    cancelled: 'booked and cancelled',
    holder: 'ada@example.org',
  },
  square: {
    untold: 'booked and moved; no start and no end is ever sent',
    cancelled: 'moved and declined',
    holder: 'cust@shop.example',
  },
  standard: { over: 'booked, moved, begun, over', cancelled: 'begun and cancelled', holder: 'ada@campus.example' },
  zoom: { over: 'booked, moved, begun, over', cancelled: 'begun and cancelled', holder: 'lab@example.com' },
};
