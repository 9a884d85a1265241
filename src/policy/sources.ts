import type { PolicyInput } from '../policy.ts';
import { DEFAULT_PROJECT } from '../reservation/project.ts';
import type { SigningSecret, Source } from '../reservation/source.ts';
import type { Settings } from '../settings.ts';
import { needsSecrets, secretFormOf } from '../sources/auth/verify.ts';
import { createMapping } from '../sources/map/map.ts';
import { authOf } from './auth.ts';
import { checkAuth } from './check-auth.ts';
import { checkAnswers, checkEnds, checkOwner, checkSecrets, checkSource, type Names } from './check.ts';
import { parse, type Reading } from './entries.ts';
import { calendarMap, pollOf } from './polls.ts';
import type { Path, Report } from './problems.ts';
import { suggest } from '../reservation/suggest.ts';
import { DEFAULT_ANSWERS, DEFAULT_BODY, handshakesOf } from './reception.ts';
import { SourceEntry } from './source-schema.ts';

/** The entry of a source, on top of its preset, as a source that can be used. */
export function readSource(
  name: string,
  value: unknown,
  { input, names, report }: Reading & { readonly names: Names },
): Source | undefined {
  const path = ['sources', name];
  const whole = withPreset(value, input, path, report);
  const entry = whole === undefined ? undefined : parse(SourceEntry, whole, path, report);
  const source = entry && buildSource(name, entry, { settings: input.settings, path, report });
  if (!source) return undefined;
  checkOwner(source.project, path, names, report);
  if (needsSecrets(source.auth.kind)) checkSource(source, input.settings.insecure, report);
  checkAuth(source, report);
  checkSecrets(source, secretFormOf(source.auth), report);
  checkAnswers(source, report);
  checkEnds(source, input.now, report);
  return source;
}

/** What the entry says counts, section by section; for the rest its preset speaks. */
function withPreset(value: unknown, { presets }: PolicyInput, path: Path, report: Report): unknown {
  if (typeof value !== 'object' || value === null || !('preset' in value) || typeof value.preset !== 'string') return value;
  const preset = presets.find(({ id }) => id === value.preset);
  if (preset) return { ...preset.entry(), ...value };
  const known = presets.map(({ id }) => id);
  report({ path: [...path, 'preset'], message: `names no preset: "${value.preset}"`, fix: suggest(value.preset, known) });
  return undefined;
}

interface Building {
  readonly settings: Settings;
  readonly path: Path;
  readonly report: Report;
}

function buildSource(name: string, entry: SourceEntry, { settings, path, report }: Building): Source | undefined {
  const { callback, webhook, auth } = entry;
  const poll = pollOf(entry, path, report);
  const map = entry.map ?? (poll?.calendar && calendarMap(poll.calendar.resource));
  if ((!auth && !poll) || !map) {
    const missing = auth || poll ? 'map' : 'auth';
    report({
      path,
      message: `says neither a preset nor ${missing}`,
      fix: `name a preset, or write ${missing} as docs/sources.md says`,
    });
    return undefined;
  }
  const rule = auth ? authOf(auth, { path: [...path, 'auth'], report, encoding: entry.encoding }) : NOTHING_POSTED;
  if (!rule) return undefined;
  const complain = (place: readonly (string | number)[], message: string) =>
    report({ path: [...path, ...(place[0] === 'sentAt' ? ['sent', 'at'] : ['map', ...place])], message, fix: FIX });
  return {
    name,
    project: entry.project ?? DEFAULT_PROJECT,
    preset: entry.preset,
    secrets: (entry.secrets ?? []).flatMap(({ secret, notAfter }): SigningSecret[] => (secret ? [{ secret, notAfter }] : [])),
    url: entry.url ?? `${settings.publicUrl}/webhooks/${name}`,
    auth: rule,
    body: entry.body ?? DEFAULT_BODY,
    handshakes: handshakesOf(entry.handshake ?? [], { path: [...path, 'handshake'], report }),
    answers: entry.answers ?? DEFAULT_ANSWERS,
    timezone: entry.timezone,
    poll,
    mapping: createMapping(
      {
        rules: map,
        zone: entry.timezone ?? poll?.calendar?.zone,
        sentAt: entry.sent?.at,
        replayWithinMs: entry.sent?.within,
        volatile: entry.volatile,
        withheld: 'header' in rule ? [rule.header.toLowerCase()] : [],
      },
      complain,
    ),
    callback: callback && callbackOf(callback, settings),
    webhook: webhook?.url && webhook.secret ? { url: webhook.url, secret: webhook.secret } : undefined,
  };
}

const NOTHING_POSTED = { kind: 'none' } as const;
const FIX = 'correct the expression; `latchkey sources test` shows what it makes of a sample';

function callbackOf(entry: NonNullable<SourceEntry['callback']>, settings: Settings): Source['callback'] {
  const { notifications, log } = entry;
  if (!notifications && !log) return undefined;
  return {
    notifications,
    log,
    timeoutMs: entry.timeout ?? settings.notificationTimeoutMs,
    logTimeoutMs: log ? (entry.timeout ?? settings.webhookLogTimeoutMs) : undefined,
  };
}
