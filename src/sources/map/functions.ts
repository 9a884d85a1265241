import {
  TreeInterpreter,
  TYPE_NULL,
  TYPE_NUMBER,
  TYPE_STRING,
  type FunctionSignature,
  type InputSignature,
} from '@jmespath-community/jmespath';
import { parseJson } from '../json.ts';
import { spendOn, type Budget } from './budget.ts';
import { addMinutes, atMinutes, atTime, fromEpoch, withZone } from './time.ts';

/** The functions of expressions: those of JMESPath that are bounded by what they are given, and ours for times and texts. */

export interface Within {
  readonly budget: Budget;
  readonly zone: string | undefined;
}

/** Left out: pad_left and pad_right (as large as a number says), replace (as large as a product), group_by (keys named by the sender). */
const BUILT_IN = `abs avg ceil contains ends_with find_first find_last floor from_items items join keys length
  lower map max max_by merge min min_by not_null reverse sort sort_by split starts_with
  sum to_array to_number to_string trim trim_left trim_right type upper values zip`.split(/\s+/);

/** They do not look into what they are given. */
const GLANCES = new Set(['type', 'not_null', 'length', 'to_array']);

interface Own {
  readonly call: (given: never, zone: string) => unknown;
  readonly takes: readonly InputSignature[];
  /** With so many arguments or fewer it takes the zone of the source. */
  readonly zoneUpTo?: number;
}

const text: InputSignature = { types: [TYPE_STRING, TYPE_NULL] };
const number: InputSignature = { types: [TYPE_NUMBER, TYPE_STRING, TYPE_NULL] };
const optional = (argument: InputSignature): InputSignature => ({ ...argument, optional: true });

/** Null and nothing make null: what is not there is not stated. */
const OWN: Readonly<Record<string, Own>> = {
  parse_json: {
    call: ([given]: readonly [string | null]) => given && parsed(given),
    takes: [{ types: [TYPE_STRING, TYPE_NULL] }],
  },
  datetime: {
    call: ([date, time, own]: readonly [string | null, string | null, string?], zone) =>
      date && time && atTime(date, time, own ?? zone),
    takes: [text, text, optional(text)],
    zoneUpTo: 2,
  },
  minutes: {
    call: ([date, count, own]: readonly [string | null, number | string | null, string?], zone) =>
      date && count !== null && atMinutes(date, Number(count), own ?? zone),
    takes: [text, number, optional(text)],
    zoneUpTo: 2,
  },
  iso: {
    call: ([given, own]: readonly [string | null, string?], zone) => given && withZone(given, own ?? zone),
    takes: [text, optional(text)],
    zoneUpTo: 1,
  },
  epoch: {
    call: ([given, unit]: readonly [number | string | null, string?]) => (given === null ? null : fromEpoch(given, unit ?? 's')),
    takes: [number, optional(text)],
  },
  add_minutes: {
    call: ([given, count]: readonly [string | null, number | string | null]) =>
      given && count !== null && addMinutes(given, Number(count)),
    takes: [text, number],
  },
};

export const ALLOWED: ReadonlySet<string> = new Set([...BUILT_IN, ...Object.keys(OWN)]);

/** Functions that are given an expression, and at which place. */
export const NEEDS_EXPRESSION: Readonly<Record<string, number>> = { map: 0, sort_by: 1, max_by: 1, min_by: 1 };

export function needsZone(name: string, given: number): boolean {
  return given <= (OWN[name]?.zoneUpTo ?? -1);
}

/** Null prototype: a name that is not in it is no function. */
export function functionTable(within: () => Within): Record<string, FunctionSignature> {
  const table = Object.create(null) as Record<string, FunctionSignature>;
  for (const name of BUILT_IN) {
    const { _func, _signature } = TreeInterpreter.runtime._functionTable[name]!;
    table[name] = {
      _signature,
      _func(this: unknown, given: never[]) {
        if (GLANCES.has(name)) within().budget.spend(1);
        else for (const argument of given) spendOn(argument, within().budget);
        return _func.call(this, given);
      },
    };
  }
  for (const [name, { call, takes }] of Object.entries(OWN)) {
    table[name] = {
      _signature: [...takes],
      _func(given: never[]) {
        const { budget, zone } = within();
        for (const argument of given) spendOn(argument, budget);
        return (call(given as never, zone ?? 'UTC') ?? null) as never;
      },
    };
  }
  return table;
}

function parsed(given: string): unknown {
  if (given.trim() === '') return null;
  const read = parseJson(given);
  if (!read.ok) throw new Error(`parse_json: the text is ${read.problem}`);
  return read.value;
}
