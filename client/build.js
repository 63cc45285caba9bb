// Builds the package into the given folder: one readable module and its types.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('.', import.meta.url));
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

const [folder] = process.argv.slice(2);
rmSync(folder, { recursive: true, force: true });
execFileSync(process.execPath, [tsc, '--project', root, '--outDir', folder], { stdio: 'inherit' });
await build({
  absWorkingDir: root,
  entryPoints: ['src/client.ts'],
  outfile: `${folder}/client.js`,
  bundle: true,
  format: 'esm',
  target: 'es2022',
});
