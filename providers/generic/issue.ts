import { Secret } from '../../src/secret/secret.ts';
import type { Call, Issued, IssueRequest } from '../driver.ts';
import { Handle, handleOf } from './handle.ts';
import { revokeWith } from './revoke.ts';
import { run } from './run.ts';
import { requestValues } from './values.ts';
import { findAll, runnerFor, withId, type Works } from './works.ts';

/** Repeated, it goes on from what an earlier call left; where the vendor makes the value, which was lost with the answer, it begins anew. */
export async function issueWith(works: Works, request: IssueRequest, call: Call): Promise<Issued<Handle>> {
  const { preset, base } = works;
  const wanted = withId({ ...base, ...requestValues(request), ...(preset.makesKey && { key: undefined }) }, preset);
  if (preset.makesKey) await clear(works, request, call);
  const [found] = preset.makesKey ? [] : await findAll(works, request.name, call);
  const start = { ...wanted, found: found !== undefined, ...found };
  const onKept = (values: object) => call.keep(handleOf({ ...values }, preset));
  const { values, existed } = await run(preset.issue, start, { ...runnerFor(works, call), onKept });
  return {
    handle: handleOf(values, preset),
    existed: existed || found !== undefined,
    ...(preset.makesKey && { secret: new Secret(String(values['key'])) }),
  };
}

async function clear(works: Works, { name, kept }: IssueRequest, call: Call): Promise<void> {
  const handle = Handle.safeParse(kept);
  if (handle.success) await revokeWith(works, { name, handle: handle.data, secret: null }, call);
  await revokeWith(works, { name, handle: null, secret: null }, call);
}
