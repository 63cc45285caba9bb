// Builds the package into the given folder: readable ES modules, CommonJS modules, and their types.
import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('.', import.meta.url));
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

const [folder] = process.argv.slice(2);
// Not `.cjs`: Create React App takes files of that type for images and the like.
const commonJs = join(folder, 'cjs');

rmSync(folder, { recursive: true, force: true });
execFileSync(process.execPath, [tsc, '--project', root, '--outDir', folder], { stdio: 'inherit' });
const types = readdirSync(folder);
for (const file of types) cpSync(join(folder, file), join(commonJs, file));
writeFileSync(join(commonJs, 'package.json'), '{ "type": "commonjs" }\n');
for (const [format, outdir] of [
  ['esm', folder],
  ['cjs', commonJs],
]) {
  await build({
    absWorkingDir: root,
    entryPoints: ['src/client.ts', 'src/node.ts'],
    outdir,
    bundle: true,
    format,
    target: 'es2022',
  });
}
