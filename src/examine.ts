import { drivers } from '../providers/index.ts';
import { readConfiguration, type ConfigurationResult } from './configuration.ts';
import { missingSecrets, webhookSecretToBe } from './first-start.ts';
import { presets } from './sources/presets.ts';
import { environment, type SettingsResult } from './settings.ts';

export interface Examined {
  /** What is wrong with the settings, or missing. */
  readonly environment: readonly string[];
  readonly configuration: ConfigurationResult;
}

/** All that a start would be refused for, at once, before anything is made or opened. */
export async function examine(read: SettingsResult): Promise<Examined> {
  const { settings } = read;
  const wrong = read.ok ? new Set<string>() : read.wrong;
  const webhookSecret = settings.webhookSecret ?? (await webhookSecretToBe(settings, wrong));
  return {
    environment: [...(read.ok ? [] : read.problems), ...(await missingSecrets(settings, wrong))],
    configuration: await readConfiguration({
      settings: { ...settings, webhookSecret },
      drivers,
      presets,
      env: environment,
      now: () => new Date(),
    }),
  };
}
