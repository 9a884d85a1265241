import { expect } from 'vitest';
import type { ApiHouse } from './api-house.ts';

const SECRET_FIELDS = /"(sealed\w*|handle|tokenHash|codeHash|dedupe|hash|secrets?Value)"\s*:/;
/** As the built-in manager mints them: a hint is shorter. */
const WHOLE_KEY = /temp_[0-9A-Za-z]{12,}/;

/** Looks for whatever the ledger keeps sealed or hashed, and its plain text, in every answer there was. */
export async function expectNothingSecret(house: ApiHouse): Promise<void> {
  const { db } = house.ledger;
  const [keys, claims, operators, hooks, events] = await Promise.all([
    db.selectFrom('key').selectAll().execute(),
    db.selectFrom('claim').selectAll().execute(),
    db.selectFrom('operator').selectAll().execute(),
    db.selectFrom('hook').selectAll().execute(),
    db.selectFrom('event').selectAll().execute(),
  ]);
  const open = (sealed: string | null, context: string) =>
    sealed === null ? [] : [sealed, house.sealer.open(sealed, context).reveal()];
  const shownOnce = hooks.flatMap((row) => [row.sealedSecret, ...open(row.sealedSecret, `hook:${row.id}`)]);
  const secrets = [
    ...keys.flatMap((row) => [...open(row.sealedSecret, `key:${row.id}`), ...(row.handle ? [JSON.stringify(row.handle)] : [])]),
    ...claims.flatMap((row) => [
      row.tokenHash,
      ...(row.codeHash ? [row.codeHash] : []),
      ...open(row.sealedToken, `claim-token:${row.id}`),
    ]),
    ...operators.map((row) => row.tokenHash),
    ...events.flatMap((row) => open(row.sealedBody, `event:${row.id}`)),
    ...Object.values(house.tokens).map((token) => token.reveal()),
    'management-token-for-tests',
  ];
  for (const { asked, text } of house.answers) {
    expect(text, asked).not.toMatch(SECRET_FIELDS);
    expect(text, asked).not.toMatch(WHOLE_KEY);
    for (const secret of secrets)
      if (!asked.endsWith('/claim-link')) expect(text.includes(secret), `${asked} shows a secret`).toBe(false);
    if (asked !== 'POST /api/v1/hooks')
      for (const secret of shownOnce) expect(text.includes(secret), `${asked} shows a hook's secret`).toBe(false);
  }
}
