import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { mintToken } from './access/tokens.ts';
import { Secret } from './secret/secret.ts';
import { readMasterKey } from './settings/kinds.ts';
import type { Settings } from './settings.ts';

export const SECRET_FILES = { masterKey: 'master.key', adminToken: 'admin.token', webhookSecret: 'webhook.secret' } as const;

/** Settings with nothing missing. Only with a PostgreSQL server may the webhook secret be absent: the policy then says so. */
export interface CompleteSettings extends Settings {
  readonly adminToken: Secret;
}

export type FirstStart =
  | { readonly ok: true; readonly settings: CompleteSettings; readonly made: readonly string[] }
  | { readonly ok: false; readonly problems: readonly string[] };

/**
 * Fills in the secrets that the environment does not give. With the embedded database they lie in files under DATA_DIR, made here
 * on the first start; `made` names the new files, so that they are told once. With DATABASE_URL they must be given: a second node
 * would make others.
 */
export async function firstStart(settings: Settings): Promise<FirstStart> {
  const problems = await missingSecrets(settings);
  if (problems.length > 0) return { ok: false, problems };
  const { adminToken } = settings;
  if (settings.databaseUrl && adminToken) return { ok: true, settings: { ...settings, adminToken }, made: [] };
  return await makeSecrets(settings).catch((error: unknown) => ({ ok: false, problems: [unusable(settings.dataDir, error)] }));
}

/** Secrets that must be given and are not, but for variables that are set and `wrong`. The webhook secret is the configuration's business. */
export async function missingSecrets(settings: Settings, wrong: ReadonlySet<string> = new Set()): Promise<readonly string[]> {
  if (!settings.databaseUrl) return wrong.has('LATCHKEY_MASTER_KEY') ? [] : await lostKey(settings);
  const needed = [
    ...(settings.masterKeys.length === 0 ? [['LATCHKEY_MASTER_KEY', 'base64'] as const] : []),
    ...(settings.adminToken ? [] : [['LATCHKEY_ADMIN_TOKEN', 'hex'] as const]),
  ];
  return needed
    .filter(([name]) => !wrong.has(name))
    .map(
      ([name, form]) => `${name} must be set with DATABASE_URL, the same on every node; make one with: openssl rand -${form} 32`,
    );
}

/** The webhook secret as a start would have it, found or made; none where it must be given. One that is `wrong` counts as given. */
export async function webhookSecretToBe(settings: Settings, wrong: ReadonlySet<string>): Promise<Secret | undefined> {
  if (settings.databaseUrl && !wrong.has('WEBHOOK_SECRET')) return undefined;
  const kept = await readFile(fileOf(settings.dataDir).webhookSecret, 'utf8').catch(() => '');
  return new Secret(kept.trim() || newWebhookSecret());
}

async function makeSecrets(settings: Settings): Promise<FirstStart> {
  await mkdir(settings.dataDir, { recursive: true, mode: 0o700 });
  const files = fileOf(settings.dataDir);
  const made: string[] = [];
  const kept = async (file: string, make: () => string): Promise<Secret> => {
    if (!(await exists(file)) && (await writeOnce(file, make()))) made.push(file);
    return new Secret((await readFile(file, 'utf8')).trim());
  };
  const masterKeys = settings.masterKeys.length > 0 ? settings.masterKeys : [await kept(files.masterKey, newMasterKey)];
  const adminToken = settings.adminToken ?? (await kept(files.adminToken, newAdminToken));
  const webhookSecret = settings.webhookSecret ?? (await kept(files.webhookSecret, newWebhookSecret));
  const problems = [
    ...(masterKeys.every((key) => readMasterKey(key.reveal()))
      ? []
      : [`${files.masterKey} does not hold 32 bytes as base64 or hex`]),
    ...(adminToken.reveal() === '' ? [`${files.adminToken} is empty: delete it to have a new one made`] : []),
    ...(webhookSecret.reveal() === '' ? [`${files.webhookSecret} is empty: delete it to have a new one made`] : []),
  ];
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, settings: { ...settings, masterKeys, adminToken, webhookSecret }, made };
}

function fileOf(dataDir: string): Record<keyof typeof SECRET_FILES, string> {
  return {
    masterKey: join(dataDir, SECRET_FILES.masterKey),
    adminToken: join(dataDir, SECRET_FILES.adminToken),
    webhookSecret: join(dataDir, SECRET_FILES.webhookSecret),
  };
}

/** A master key whose file is gone while the database is not. */
async function lostKey({ masterKeys, dataDir }: Settings): Promise<readonly string[]> {
  const file = fileOf(dataDir).masterKey;
  try {
    if (masterKeys.length > 0 || (await exists(file)) || !(await holdsLedger(dataDir))) return [];
  } catch (error) {
    return [unusable(dataDir, error)];
  }
  return [
    `${file} is gone, but the database beside it is not: a new master key could not open what is sealed there. ` +
      'Put the file back from its backup, or set LATCHKEY_MASTER_KEY',
  ];
}

/** For errors of the file system; throws the others. */
function unusable(dataDir: string, error: unknown): string {
  const { code, path = dataDir } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  return `DATA_DIR ${dataDir} cannot be used (${code} at ${path}): name a folder that this process may write to`;
}

/** A cluster folder is one that holds PG_VERSION. */
async function holdsLedger(dataDir: string): Promise<boolean> {
  const entries = await readdir(dataDir, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => join(dataDir, entry.name));
  return (await Promise.all(folders.map((folder) => exists(join(folder, 'PG_VERSION'))))).includes(true);
}

async function exists(file: string): Promise<boolean> {
  return readFile(file).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}

/** True when this call made the file; false when another start was first. A half-written file is never seen under that name. */
async function writeOnce(file: string, content: string): Promise<boolean> {
  const draft = `${file}.${process.pid}.${randomBytes(6).toString('hex')}`;
  try {
    const handle = await open(draft, 'wx', 0o600);
    await handle.writeFile(`${content}\n`).then(() => handle.sync());
    await handle.close();
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
  const folder = await open(join(file, '..'), 'r');
  await folder.sync();
  await folder.close();
  return true;
}

const newMasterKey = (): string => randomBytes(32).toString('base64');
const newAdminToken = (): string => mintToken().reveal();
const newWebhookSecret = (): string => randomBytes(32).toString('base64url');
