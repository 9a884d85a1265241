import type { Preset } from './mapping.ts';
import { cloudResourceReservation } from './sources/cloud-resource-reservation.ts';
import { standard } from './sources/standard.ts';

/** Every kind of reservation system that Latchkey understands. Adding one is a file under sources/ and a line here. */
export const presets: readonly Preset[] = [cloudResourceReservation, standard];

export function presetOf(id: string): Preset | undefined {
  return presets.find((preset) => preset.id === id);
}
