import type { PlanAnswer, ProviderAnswer, SourceAnswer } from './answers.ts';
import { columnsOf, type Noun } from './noun.ts';
import { enforcedBy } from './plan-table.ts';

/** Lists of what is configured. */
export const CONFIGURED: readonly Noun[] = [
  {
    name: 'plans',
    about: 'what resources grant, in the order in which they are matched',
    length: 'short',
    filters: {},
    columns: columnsOf<PlanAnswer>([
      { title: 'NAME', of: (row) => row.name },
      { title: 'PROVIDER', of: (row) => row.provider },
      {
        title: 'MATCHES',
        of: (row) =>
          Object.entries(row.match)
            .map((pair) => pair.join('='))
            .join(' ') || 'everything',
      },
      { title: 'SCOPES', of: (row) => row.scopes.allowed.join(' ') },
      { title: 'ENDPOINTS', of: (row) => row.endpoints.allowed.join(' ') },
      { title: 'ENFORCED BY', of: (row) => enforcedBy(row.limits) },
    ]),
  },
  {
    name: 'providers',
    about: 'configured gateways',
    length: 'short',
    filters: { check: 'true: also ask each whether it works' },
    columns: columnsOf<ProviderAnswer>([
      { title: 'NAME', of: (row) => row.name },
      { title: 'DRIVER', of: (row) => row.driver },
      { title: 'POWERS', of: (row) => row.powers.join(' ') },
      { title: 'WORKS', of: ({ check }) => check && (check.ok ? 'yes' : 'no') },
      { title: 'WARNINGS', of: ({ check }) => check && [check.error ?? [], ...check.warnings].flat().join('; ') },
    ]),
  },
  {
    name: 'sources',
    about: 'reservation systems that post events',
    length: 'short',
    filters: {},
    columns: columnsOf<SourceAnswer>([
      { title: 'NAME', of: (row) => row.name },
      { title: 'PRESET', of: (row) => row.preset },
      { title: 'POSTS TO', of: (row) => row.path },
      { title: 'SIGNED', of: (row) => (row.signed ? 'yes' : 'NO: anybody can post') },
    ]),
  },
];
