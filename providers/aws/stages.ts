import { type Call, DriverError } from '../driver.ts';
import type { Client } from './client.ts';
import type { Config } from './config.ts';

/** Stages are written as `apiId:stage`, the way AWS does in patches. */
export interface Stages {
  /** Answers which stages a grant of scopes opens; reads beforehand what is not configured. */
  opened(call: Call): Promise<(scopes: readonly string[]) => readonly string[]>;
  /** Every stage that the configuration names. */
  all(call: Call): Promise<readonly string[]>;
  /** Those of them that are not at AWS. */
  absent(stages: readonly string[], call: Call): Promise<readonly string[]>;
}

type Wanted = Pick<Config, 'restApiId' | 'stage' | 'scopes'>;

export function createStages(
  { restApiId, stage, scopes }: Wanted,
  { client, provider }: { client: Client; provider: string },
): Stages {
  let known = stage;

  async function namesOf(apiId: string, call: Call): Promise<readonly string[]> {
    const answer = await client.sendIfThere('GetStages', { restApiId: apiId }, call);
    return (answer?.item ?? []).map((one) => one.stageName ?? '');
  }
  async function own(call: Call): Promise<string> {
    if (known) return `${restApiId}:${known}`;
    const names = await namesOf(restApiId, call);
    // For an operator to look at: no repetition changes it, and no booking is to blame.
    if (names.length === 0) throw new DriverError('denied', `${provider}: the API ${restApiId} is not there, or has no stage`);
    if (names.length > 1)
      throw new DriverError(
        'denied',
        `${provider}: the API ${restApiId} has ${names.length} stages: name one of them as \`stage\``,
      );
    known = names[0];
    return `${restApiId}:${known}`;
  }
  const mapped = (scope: string) =>
    (scopes && Object.hasOwn(scopes, scope) ? scopes[scope]! : []).map((one) => `${one.restApiId ?? restApiId}:${one.stage}`);

  return {
    async opened(call) {
      const usual = await own(call);
      return (asked) => [...(isMapped({ scopes }, asked) ? [] : [usual]), ...asked.flatMap(mapped)];
    },
    async all(call) {
      return [...new Set([await own(call), ...Object.keys(scopes ?? {}).flatMap(mapped)])];
    },
    async absent(stages, call) {
      const apis = new Map<string, readonly string[]>();
      for (const apiId of new Set(stages.map(apiOf))) apis.set(apiId, await namesOf(apiId, call));
      return stages.filter((one) => !apis.get(apiOf(one))!.includes(one.slice(apiOf(one).length + 1)));
    },
  };
}

/** Whether each of these scopes has stages of its own, so that a key is let in nowhere else. */
export function isMapped({ scopes }: Pick<Config, 'scopes'>, asked: readonly string[]): boolean {
  return scopes !== undefined && asked.every((scope) => Object.hasOwn(scopes, scope));
}

export const apiOf = (stage: string): string => stage.split(':', 1)[0]!;
