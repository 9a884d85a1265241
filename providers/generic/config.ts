import { z } from 'zod';
import { BadPreset, loadPreset } from './preset-file.ts';
import { settingProblems } from './preset-settings.ts';
import { Secret } from '../../src/secret/secret.ts';

const UNIT_MS = { ms: 1, s: 1000, m: 60_000 } as const;

const Endpoint = z
  .url({ protocol: /^https?$/, error: 'the address of the key manager, like https://manager.example.org' })
  .refine((url) => !/[?#@]/.test(url), 'an address without user, query or fragment')
  .transform((url) => url.replace(/\/+$/, ''));

const Token = z
  .string()
  .trim()
  .regex(/^[\x21-\x7e]+$/, 'the management token: printable ASCII, no spaces')
  .transform((token) => new Secret(token));

const LONGEST_TIMEOUT_MS = 10 * UNIT_MS.m;

/** `30s`, `500ms`, `2m`; a bare number is seconds, as in API_MANAGEMENT_TIMEOUT. */
const Timeout = z
  .union([z.number().positive(), z.string().regex(/^\d+(ms|s|m)?$/, 'a time like 30s')])
  .default('30s')
  .transform((text) => {
    const [, amount, unit = 's'] = /^([\d.]+)(ms|s|m)?$/.exec(String(text)) ?? [];
    return Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
  })
  .refine((ms) => ms >= 1 && ms <= LONGEST_TIMEOUT_MS, 'a time above 0 and up to 10m, such as 30s');

const Pace = z.strictObject({
  issuePerSecond: z.number().positive().default(1000),
  revokePerSecond: z.number().positive().default(1000),
  concurrency: z.int().positive().default(100),
});

/** The name of a shipped preset, or the path of a file. */
const Preset = z
  .string()
  .default('seed')
  .transform((name, ctx) => {
    try {
      return loadPreset(name);
    } catch (error) {
      if (!(error instanceof BadPreset)) throw error;
      for (const problem of error.problems)
        ctx.addIssue({ code: 'custom', message: 'is no preset that can be used', params: { fix: problem } });
      return z.NEVER;
    }
  });

const Settings = z.record(z.string(), z.union([z.string(), z.array(z.string()), z.record(z.string(), z.string())])).default({});

/** What the `providers:` section takes for a key-management API. */
export const Config = z
  .strictObject({
    endpoint: Endpoint,
    token: Token,
    timeout: Timeout,
    preset: Preset,
    /** What the preset needs to be told. */
    settings: Settings,
    /** What the manager bears; the default does not hold anything back. */
    pace: Pace.prefault({}),
  })
  .superRefine(({ preset, settings }, ctx) => {
    for (const { name, message, fix } of settingProblems(preset.settings, settings))
      ctx.addIssue({ code: 'custom', path: ['settings', name], message, params: { fix } });
  });
