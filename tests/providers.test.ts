import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { drivers } from '../providers/index.ts';

const root = new URL('../providers/', import.meta.url);
const folders = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

test('the list of drivers is the list of folders, each once', () => {
  expect(drivers.map((driver) => driver.id).sort()).toEqual(folders.sort());
});

test.for(folders)('%s has the files that every provider has', (folder) => {
  const files = readdirSync(new URL(folder, root));
  expect(files).toEqual(expect.arrayContaining(['driver.ts', 'fake.ts', 'README.md', 'driver.test.ts']));
});

test.for(drivers.map((driver) => [driver.id, driver] as const))(
  'the configuration of %s can be published as JSON Schema',
  ([, driver]) => {
    expect(z.toJSONSchema(driver.config, { io: 'input' })).toMatchObject({ type: 'object', additionalProperties: false });
  },
);
