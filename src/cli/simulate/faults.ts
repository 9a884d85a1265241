/** Habits of the real sender that a good one would not have, by name. */
export const FAULTS = {
  'early-start': 'starts are sent up to five minutes before the booking starts',
  'no-late-start': 'what was booked for now or before gets no start, only that it was made',
  'lost-end': 'ends are looked for in the last minute only, and a poll that is missed is an end that is never sent',
  'no-retry': 'the poller sends once, whatever is answered',
  duplicates:
    'starts and ends once for each booking that its machine ever had, within milliseconds, and ends again a minute later',
  batches: 'starts and ends come in lists, as until June 2025; each is a list of one here',
  reorder: 'what is sent overtakes what was sent before, by up to five minutes',
  'retry-storm': 'one answer lost, and the same is sent every minute for ever, twice, each time with a new time of sending',
  noise: 'the machines come and go and change, and somebody presses the test button',
  unreadable: 'some bookings arrive as a sentence instead of a record: what they said is lost',
} as const;

export type Fault = keyof typeof FAULTS;

export const FAULT_NAMES = Object.keys(FAULTS) as Fault[];
