import { parseArgs } from 'node:util';
import { ack } from './ack.ts';
import { atNine } from './class.ts';
import { intakeMapping } from './intake-mapping.ts';
import { latency } from './latency.ts';
import { overdue } from './overdue.ts';
import { provision } from './provision.ts';
import { markdown, type Table } from './rig/figures.ts';
import type { Effort } from './rig/effort.ts';
import { describeMachine } from './rig/machine.ts';
import { enginesHere, type EngineName } from './rig/place.ts';
import { storm } from './storm.ts';
import { startup } from './startup.ts';
import { verify } from './verify.ts';

/*
 * npm run bench [-- name...] [--rounds 3] [--seconds 4] [--engine embedded|postgres]
 * Prints Markdown tables. No figure fails a run: they belong to the machine they were taken on.
 */

const BENCHMARKS: Readonly<Record<string, (effort: Effort) => Promise<Table[]>>> = {
  ack,
  'intake-mapping': intakeMapping,
  provision,
  latency,
  class: atNine,
  startup,
  overdue,
  storm,
  verify,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    engine: { type: 'string', multiple: true },
  },
});
const unknown = positionals.filter((name) => !Object.hasOwn(BENCHMARKS, name));
if (unknown.length > 0) throw new Error(`there is no ${unknown.join(', ')}; there are ${Object.keys(BENCHMARKS).join(', ')}`);

const here = await enginesHere();
const effort: Effort = {
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  engines: (values.engine as EngineName[] | undefined) ?? here,
};
if (!here.includes('postgres')) console.warn('No PostgreSQL answers: its half is left out. Set TEST_DATABASE_URL.');
console.log(
  `${await describeMachine(new Date())}. ${effort.rounds} interleaved rounds of ${effort.seconds} s; median (min-max).\n`,
);
for (const name of positionals.length > 0 ? positionals : Object.keys(BENCHMARKS)) {
  for (const table of await BENCHMARKS[name]!(effort)) console.log(markdown(table));
}
