import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { agreeOnMasterKey } from '../src/ledger/master-key.ts';
import { createSealer } from '../src/secret/seal.ts';
import { Secret } from '../src/secret/secret.ts';
import { describeEngines } from './engines.ts';

const [first, second, third] = [1, 2, 3].map(() => randomBytes(32).toString('base64'));
const idsOf = (...keys: (string | undefined)[]) => createSealer(keys.map((key) => new Secret(key!))).keyIds;

describeEngines('the master key of a database', (engine) => {
  test('is the one of its first start; another is refused before anything is written, and one that was put before it takes over', async () => {
    const { ledger, close } = await engine.open();
    const audited = async () => (await ledger.db.selectFrom('audit').select(['action', 'subject']).execute()).length;
    const agree = (...keys: (string | undefined)[]) => agreeOnMasterKey(ledger, idsOf(...keys));
    // Several nodes may be first.
    await Promise.all([agree(first), agree(first), agree(first)]);
    await expect(agree(second)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining(idsOf(first)[0]!) });
    await expect(agree(second)).rejects.not.toThrow(second!);
    expect(await audited()).toBe(0);
    await agree(first, second);
    await agree(second, first);
    expect(await audited()).toBe(1);
    await agree(second);
    await agree(first, second);
    await expect(agree(third, first, first)).resolves.toBeUndefined();
    await expect(agree(second)).rejects.toMatchObject({ code: 'conflict' });
    await close();
  });
});
