import { formatRate } from '../reservation/limits.ts';
import type {
  AlertAnswer,
  AlertRuleAnswer,
  OperatorAnswer,
  PlanAnswer,
  ProjectAnswer,
  ProviderAnswer,
  ScopeAnswer,
  SigningKeyAnswer,
} from './answers.ts';
import { columnsOf, type Noun } from './noun.ts';
import { instant } from './output.ts';
import { enforcedBy } from './plan-table.ts';
import { SOURCE_COLUMNS } from './sources-show.ts';

/** Lists of what is configured, and of who may use it. */
export const CONFIGURED: readonly Noun[] = [
  {
    name: 'plans',
    about: 'what resources grant, in the order in which they are matched',
    length: 'short',
    filters: {},
    columns: columnsOf<PlanAnswer>([
      { title: 'NAME', of: (row) => row.name },
      { title: 'PROJECT', of: (row) => row.project },
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
      { title: 'ENFORCED BY', of: (row) => enforcedBy(row.limits), whole: true },
    ]),
  },
  {
    name: 'projects',
    about: 'parts of the house that see nothing of each other',
    length: 'short',
    filters: {},
    columns: columnsOf<ProjectAnswer>([
      { title: 'NAME', of: (row) => row.name },
      { title: 'SOURCES', of: (row) => row.sources.join(' ') },
      { title: 'PLANS', of: (row) => row.plans.join(' ') },
      { title: 'SHARED LIMITS', of: (row) => row.limits.map(formatRate).join(' ') || 'none' },
      { title: 'ABOUT', of: (row) => row.description },
    ]),
  },
  {
    name: 'operators',
    about: 'who may use the API',
    length: 'pages',
    filters: {},
    columns: columnsOf<OperatorAnswer>([
      { title: 'ID', of: (row) => row.id },
      { title: 'NAME', of: (row) => row.name },
      { title: 'ROLE', of: (row) => row.role },
      { title: 'PROJECT', of: (row) => row.project ?? 'all' },
      { title: 'DISABLED', of: (row) => instant(row.disabledAt) },
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
      { title: 'WORKS', of: ({ check }) => check && `${check.ok ? 'yes' : 'no'}, at ${instant(check.at)}` },
      { title: 'ANSWERED', of: (row) => instant(row.answeredAt) },
      { title: 'WAITING', of: ({ queue }) => waitingText(queue) },
      { title: 'PAUSED', of: ({ gate }) => pausedText(gate) },
      { title: 'DEBTS', of: (row) => row.debts },
      { title: 'LAST ERROR', of: ({ lastError }) => lastError && `${instant(lastError.at)} ${lastError.message}` },
      { title: 'WARNINGS', of: ({ check }) => check && [check.error ?? [], ...check.warnings].flat().join('; ') },
    ]),
  },
  {
    name: 'scopes',
    about: 'what keys may be granted in a project',
    length: 'pages',
    perProject: true,
    filters: { covers: 'only those that this name or wildcard covers, such as shop:pets:*' },
    columns: columnsOf<ScopeAnswer>([
      { title: 'NAME', of: (row) => row.name, whole: true },
      { title: 'METHODS', of: (row) => row.methods.join(' ') },
      { title: 'ENDPOINTS', of: (row) => row.endpoints?.join(' ') ?? (row.wildcard ? '' : 'all') },
      { title: 'FROM', of: (row) => (row.overruled ? `${row.origin}, which overrules the catalogue` : row.origin) },
      { title: 'ABOUT', of: (row) => row.description },
    ]),
  },
  {
    name: 'alerts',
    about: 'what rules found about leases and keys of a project',
    length: 'pages',
    perProject: true,
    filters: {
      type: 'such as USAGE_ANOMALY',
      subject: 'id of a lease or key',
      since: 'an instant, such as 2026-01-31T00:00:00Z',
    },
    columns: columnsOf<AlertAnswer>([
      { title: 'AT', of: (row) => instant(row.at) },
      { title: 'TYPE', of: (row) => row.type },
      { title: 'SEVERITY', of: (row) => row.severity },
      { title: 'WHAT', of: (row) => row.reason, whole: true },
      { title: 'HELD BACK', of: (row) => row.suspension?.state },
    ]),
  },
  {
    name: 'alert-rules',
    about: 'what a project is alerted of',
    length: 'short',
    perProject: true,
    filters: {},
    columns: columnsOf<AlertRuleAnswer>([
      { title: 'ID', of: (row) => row.id },
      { title: 'TYPE', of: (row) => row.type },
      { title: 'WHEN', of: (row) => `${row.operator} ${row.threshold}` },
      { title: 'COOLDOWN', of: (row) => `${row.cooldownMinutes}m` },
      { title: 'TELLS', of: (row) => row.channels?.map(({ kind }) => kind).join(' ') },
      { title: 'STATE', of: (row) => (row.disabled ? 'disabled' : row.isDefault ? 'default' : 'own') },
    ]),
  },
  {
    name: 'sources',
    about: 'reservation systems that post events',
    length: 'short',
    filters: {},
    columns: SOURCE_COLUMNS,
  },
  {
    name: 'signing-keys',
    about: 'what tokens are signed with',
    length: 'short',
    filters: {},
    columns: columnsOf<SigningKeyAnswer>([
      { title: 'KID', of: (row) => row.kid },
      { title: 'STATE', of: (row) => row.state },
      { title: 'ALGORITHM', of: (row) => row.algorithm },
      { title: 'SIGNS FROM', of: (row) => instant(row.signsFrom) },
      { title: 'UNTIL', of: (row) => instant(row.signsUntil) },
      { title: 'GONE', of: (row) => instant(row.goneAt) },
    ]),
  },
];

/** `12 leases, 3 keys put off` */
function waitingText(queue: ProviderAnswer['queue']): string {
  const leases = queue.leasesWaiting + queue.callsWaiting;
  return [leases > 0 && `${leases} leases`, queue.keysPutOff > 0 && `${queue.keysPutOff} keys put off`]
    .filter(Boolean)
    .join(', ');
}

/** `until 2026-01-01 10:00:05Z, 4.5/s` */
function pausedText({ restingUntil, quietUntil, perSecond }: ProviderAnswer['gate']): string {
  const until = restingUntil ?? quietUntil;
  return [until && `until ${instant(until)}`, perSecond !== null && `${perSecond.toFixed(1)}/s`].filter(Boolean).join(', ');
}
