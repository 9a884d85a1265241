import type { Policy } from './reservation/policy.ts';
import type { Settings } from './settings.ts';

export const INSECURE = 'LATCHKEY_INSECURE=1: sources without a secret are accepted, so anybody can book keys';

/** What somebody at a terminal wants to know first. No secret is in it. */
export function banner(url: string, { sources, providers, plans }: Policy, settings: Settings): string {
  const where = settings.databaseUrl ? 'PostgreSQL' : `${settings.dataDir} (embedded)`;
  const insecure = [
    ...(settings.insecure ? [INSECURE] : []),
    ...(settings.publicUrl.startsWith('http://')
      ? [`claim links go out as ${settings.publicUrl}: set PUBLIC_URL to an https address`]
      : []),
  ];
  const lines = [
    `Latchkey   ${url}`,
    `webhooks   ${settings.publicUrl}/webhook`,
    `API docs   ${settings.publicUrl}/docs`,
    `data       ${where}`,
    `config     ${settings.configFile}`,
    `sources    ${Object.values(sources)
      .map(({ name, preset }) => `${name} (${preset ?? 'own map'})`)
      .join(', ')}`,
    `providers  ${Object.values(providers)
      .map(({ name, driver }) => `${name} (${driver})`)
      .join(', ')}`,
    `plans      ${plans.map(({ name }) => name).join(', ')}`,
    ...insecure.map((line) => `insecure   ${line}`),
  ];
  return `\n${lines.map((line) => `  ${line}\n`).join('')}\n`;
}
