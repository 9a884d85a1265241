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
  if (settings.databaseUrl) return givenOnly(settings);
  await mkdir(settings.dataDir, { recursive: true, mode: 0o700 });
  const files = fileOf(settings.dataDir);
  if (settings.masterKeys.length === 0 && !(await exists(files.masterKey)) && (await holdsLedger(settings.dataDir)))
    return { ok: false, problems: [lostKey(files.masterKey)] };
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

function givenOnly(settings: Settings): FirstStart {
  const problems: string[] = [];
  if (settings.masterKeys.length === 0)
    problems.push(
      'LATCHKEY_MASTER_KEY must be set with DATABASE_URL, the same on every node; make one with: openssl rand -base64 32',
    );
  if (!settings.adminToken)
    problems.push(
      'LATCHKEY_ADMIN_TOKEN must be set with DATABASE_URL, the same on every node; make one with: openssl rand -hex 32',
    );
  if (problems.length > 0 || !settings.adminToken) return { ok: false, problems };
  return { ok: true, settings: { ...settings, adminToken: settings.adminToken }, made: [] };
}

function fileOf(dataDir: string): Record<keyof typeof SECRET_FILES, string> {
  return {
    masterKey: join(dataDir, SECRET_FILES.masterKey),
    adminToken: join(dataDir, SECRET_FILES.adminToken),
    webhookSecret: join(dataDir, SECRET_FILES.webhookSecret),
  };
}

function lostKey(file: string): string {
  return (
    `${file} is gone, but the database beside it is not: a new master key could not open what is sealed there. ` +
    'Put the file back from its backup, or set LATCHKEY_MASTER_KEY'
  );
}

/** A cluster folder is one that holds PG_VERSION. */
async function holdsLedger(dataDir: string): Promise<boolean> {
  const entries = await readdir(dataDir, { withFileTypes: true });
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
