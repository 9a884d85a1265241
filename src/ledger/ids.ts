import { v7 } from 'uuid';

export const ID_PREFIXES = [
  'evt',
  'rsv',
  'lse',
  'key',
  'clm',
  'dlv',
  'rot',
  'opr',
  'hok',
  'pky',
  'blk',
  'arl',
  'alr',
  'smp',
] as const;
export type IdPrefix = (typeof ID_PREFIXES)[number];

/** A new id such as `lse_0199…`: unique, and sortable by the time it was made (UUID version 7, RFC 9562). */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${v7().replaceAll('-', '')}`;
}
