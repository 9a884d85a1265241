import type { IssueRequest } from '../driver.ts';

/* What people at AWS read of a key. Names and ids come from outside: only letters, digits and a few signs are left of them. */

/** To tell our keys from others, and find the booking of one; nothing at AWS acts on them. */
export function tagsOf({ reservation, lease, window }: IssueRequest): Record<string, string> {
  return {
    'managed-by': 'latchkey',
    reservation: plain(`${reservation.source}/${reservation.id}`),
    lease: plain(lease),
    'expires-at': window.closesAt.toISOString(),
  };
}

export const descriptionOf = ({ keyId, resource }: IssueRequest): string => plain(`Latchkey ${keyId} for ${resource.name}`);

const LONGEST = 256;

/** The alphabet of tag values, which is harmless in a CSV file too. */
const plain = (text: string): string => text.replace(/[^A-Za-z0-9 +\-=._:/@]+/g, '_').slice(0, LONGEST);
