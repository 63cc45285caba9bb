// Runs the tests, only those of the named files if there are names, or the benchmark against the
// stack at CHAT_HTTP_API_URL. Without this variable, starts a stack.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { startStack } from './stack.js';

const here = import.meta.dirname;
const names = process.argv.slice(2);
const isBench = names[0] === 'bench';
const files = readdirSync(here)
  .filter((file) => file.endsWith('.test.js'))
  .filter((file) => !names.length || names.includes(file.replace('.test.js', '')))
  .map((file) => join(here, file));
if (!isBench && !files.length) throw new Error(`there is no test file named ${names.join(' or ')}`);
// The limit is also that of a whole file, which may be a long one if it is named.
const limit = names.length ? 3_600_000 : 120_000;
const env = { ...process.env };
let stack;

if (!env.CHAT_HTTP_API_URL) {
  // The page under test has a different origin from the API, so the stack must allow it.
  env.CHAT_PAGE_PORT ??= String(await freePort());
  stack = await startStack({ ALLOWED_ORIGINS: `http://localhost:${env.CHAT_PAGE_PORT}` });
  env.CHAT_HTTP_API_URL = stack.url;
}
const tests = spawn(
  process.execPath,
  isBench ? [join(here, 'bench.js')] : ['--test', `--test-timeout=${limit}`, ...files],
  { env, stdio: 'inherit' },
);
process.exitCode = await new Promise((resolve) =>
  tests.once('close', (code) => resolve(code ?? 1)),
);
await stack?.stop();

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, 'localhost', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
