import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

test('dist is built from the current sources: run `npm run build` and commit it', (t) => {
  const fresh = mkdtempSync(join(tmpdir(), 'chat-client-'));
  t.after(() => rmSync(fresh, { recursive: true }));
  execFileSync(process.execPath, [join(root, 'build.js'), fresh]);
  assert.deepEqual(read(dist), read(fresh));
});

/** Returns the size in bytes of a page that imports `names`, minified and compressed. */
async function sizeOf(names) {
  const { outputFiles } = await build({
    stdin: {
      contents: `import { ${names} } from './client.js'; globalThis.used = [${names}];`,
      resolveDir: dist,
    },
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
  });
  return gzipSync(outputFiles[0].contents).length;
}

// The log, catch-up, durable sends, receipts and stores of `live` are half of the package. Frontends
// of the reference do not need them, and do not get them.
for (const [names, limit] of [
  ['createClient, io', 12_500],
  ['io', 6_500],
  ['ChatError', 500],
]) {
  test(`a page with { ${names} } has at most ${limit} bytes, as the README says`, async (t) => {
    const size = await sizeOf(names);
    t.diagnostic(`${size} bytes`);
    assert.ok(size <= limit, `it has ${size} bytes`);
  });
}

test('the client has no dependencies', () => {
  const { dependencies = {} } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  assert.deepEqual(dependencies, {});
  assert.doesNotMatch(readFileSync(join(dist, 'client.js'), 'utf8'), /^import /m);
});

test('the types accept what the contract allows, and nothing else', () => {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const { status, stdout } = run(tsc, '--project', join(import.meta.dirname, 'tsconfig.json'));
  assert.equal(status, 0, stdout);
});

function run(...args) {
  try {
    return { status: 0, stdout: execFileSync(process.execPath, args, { encoding: 'utf8' }) };
  } catch ({ status, stdout }) {
    return { status, stdout };
  }
}

function read(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  return Object.fromEntries(
    files.sort().map((file) => [relative(folder, file), readFileSync(file, 'utf8')]),
  );
}
