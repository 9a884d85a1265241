import { setTimeout as wait } from 'node:timers/promises';
import type { RotationAnswer } from './answers.ts';
import { path, type Api } from './api.ts';
import { EXIT } from './exit.ts';
import { plain, type Output } from './output.ts';
import { progressBar } from './progress-bar.ts';
import { table } from './table.ts';

const LOOK_AGAIN_MS = 500;

/** Follows a rotation to its end, then reports each failure. Ends with code 3 when there are any. */
export async function follow(id: string, { api, out }: { readonly api: Api; readonly out: Output }): Promise<void> {
  const bar = await progressBar('rotating');
  let rotation = await look(id, api);
  bar.start(rotation.total, 0);
  let told = false;
  while (rotation.state === 'running') {
    bar.update(rotation.done + rotation.failed);
    if (!told && rotation.delays.length > 0) out.note(delayText(rotation));
    told ||= rotation.delays.length > 0;
    await wait(LOOK_AGAIN_MS);
    rotation = await look(id, api);
  }
  bar.update(rotation.done + rotation.failed);
  bar.stop();
  out.result(rotation, () => summary(rotation));
  if (rotation.failed > 0) process.exitCode = EXIT.partly;
}

/** Told once: a provider that is out may be so for hours. */
function delayText({ delays, id }: RotationAnswer): string {
  const first = `${plain(delays[0]?.leaseId)}: ${plain(delays[0]?.error)}`;
  const later = `To look again later: latchkey rotate --resume ${plain(id)}`;
  return `${delays.length} of them wait for their provider, as ${first}\nIt is asked until they have a key or their window is over. ${later}`;
}

async function look(id: string, api: Api): Promise<RotationAnswer> {
  return await api.get<RotationAnswer>(path`/rotations/${id}`);
}

function summary({ id, done, failed, failures }: RotationAnswer): string {
  const failedRows = table(failures, [
    { title: 'LEASE', of: (failure) => failure.leaseId },
    { title: 'WHY NOT', of: (failure) => failure.error },
  ]);
  const total = `${plain(id)}: ${done} rotated, ${failed} failed`;
  return failedRows === '' ? total : `${failedRows}\n${total}`;
}
