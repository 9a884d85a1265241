// Compiled code is kept beside the packages, so that the next start need not read and compile every file again: a quarter of a warm start.
// Not where Node would keep it by itself, the machine's temporary folder, in which others may write. Where this place cannot be written to,
// as in the image, nothing is kept. To be loaded before everything else: `node --import ./src/compile-cache.mjs`.
import module from 'node:module';
import { fileURLToPath } from 'node:url';

module.enableCompileCache?.(fileURLToPath(new URL('../node_modules/.cache/compiled', import.meta.url)));
