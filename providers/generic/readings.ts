import { type Call, DriverError, type Health, type KeyRef, type Listed, type Standing, type Usage } from '../driver.ts';
import { type Handle, handleOf } from './handle.ts';
import { jsonOf } from './judge.ts';
import { itemsOf } from './pages.ts';
import { ask, noSuchKey, readKeep, withEmpty, withKept } from './run.ts';
import { locate, runnerFor, type Works } from './works.ts';

export async function readUsage(works: Works, key: KeyRef<Handle>, call: Call): Promise<Usage> {
  const usage = works.preset.usage!;
  const answer = await ask(usage, await locate(works, key, call, [usage]), runnerFor(works, call));
  if (answer.outcome === 'gone') throw noSuchKey(works.provider, answer.status);
  const json = jsonOf(answer.text);
  const [used, remaining, limit, refused] = [usage.used, usage.remaining, usage.limit, usage.refused].map(
    (at) => at?.(json) ?? undefined,
  );
  if (usage.remaining && !(Number(limit) >= 0 && Number(remaining) >= 0))
    throw new DriverError(
      'rejected',
      `${works.provider}: the manager does not say what is left of this key's quota, or it has none`,
    );
  const spent = usage.used ? used : typeof limit === 'number' && typeof remaining === 'number' ? limit - remaining : undefined;
  if (typeof spent !== 'number' || !isCount(limit) || !isCount(refused))
    throw new DriverError('transient', `${works.provider}: the usage came in a form we do not know`);
  return { used: spent, limit, refused };
}

const isCount = (value: unknown): value is number | undefined => value === undefined || typeof value === 'number';

export async function probeKey(works: Works, key: KeyRef<Handle>, call: Call): Promise<Standing> {
  const probe = works.preset.probe!;
  const values = await locate(works, key, call, [probe]).catch(goneIsAnAnswer);
  const answer = values && withEmpty(await ask(probe, values, runnerFor(works, call)), probe);
  if (!answer || answer.outcome === 'gone') return 'gone';
  return probe.held && probe.held.at(jsonOf(answer.text)) === probe.held.is ? 'held' : 'works';
}

function goneIsAnAnswer(error: unknown): undefined {
  if (!(error instanceof DriverError && error.kind === 'gone')) throw error;
}

/** Every name of the core begins so; the rest at the manager is other people's. */
const OUR_NAME = /^lk-[a-z0-9-]{1,57}$/;

export async function* listKeys(works: Works, call: Call): AsyncGenerator<Listed<Handle>> {
  const { preset, base, provider } = works;
  const list = preset.list!;
  for await (const item of itemsOf(list, base, { ...works, call })) {
    const name = list.name(item);
    if (typeof name !== 'string' || !OUR_NAME.test(name)) continue;
    const kept = readKeep(list.keep, item);
    if (!kept) throw new DriverError('transient', `${provider}: the list came in a form we do not know`);
    yield { name, handle: handleOf(withKept({}, kept), preset), secret: null };
  }
}

export async function checkManager(works: Works, call: Call): Promise<Health> {
  const { check } = works.preset;
  const answer = await ask(check, works.base, runnerFor(works, call));
  const told = answer.outcome === 'gone' ? undefined : jsonOf(answer.text);
  const warnings = check.warn.filter(({ at, of }) => told !== undefined && of(at(told))).map(({ say }) => say);
  const { protocol, hostname } = new URL(works.endpoint);
  const open = protocol === 'http:' && !['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  if (open) warnings.unshift('The management token and all keys travel unencrypted: use https.');
  return { ok: true, warnings };
}
