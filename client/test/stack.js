// Starts the local stack with the workspace's binaries.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const workspace = resolve(import.meta.dirname, '../..');
const program = process.env.STACK ?? join(workspace, 'target/debug/stack');

/** Starts a stack. Returns the URL of its HTTP API, its process id, and a function that stops it. */
export async function startStack(env = {}) {
  const data = mkdtempSync(join(tmpdir(), 'chat-client-'));
  const stack = spawn(program, {
    cwd: workspace,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      LOCAL_BINARIES: dirname(program),
      LOCAL_TEMPLATE: join(workspace, 'template.yaml'),
      ...process.env,
      APP_PORT: '0',
      LOCAL_DATA_DIR: data,
      LOCAL_STOP_WITH_STDIN: 'true',
      ...env,
    },
  });
  const ended = new Promise((resolve) => stack.once('close', resolve));
  const stop = async () => {
    stack.stdin.end();
    await ended;
    rmSync(data, { recursive: true, force: true });
  };
  let url;
  const ready = (async () => {
    for await (const line of createInterface(stack.stdout)) {
      url ??= line.match(/^HttpApiUrl\s+(\S+)/)?.[1];
      if (line.startsWith('ready')) return true;
    }
  })();
  const failed = new Promise((_, reject) =>
    stack.once('error', () =>
      reject(new Error(`cannot start ${program}: run \`cargo build\`, or set STACK`)),
    ),
  );
  if (!(await Promise.race([ready, failed]))) throw new Error('the local stack did not start');
  stack.stdout.resume();
  return { url, pid: stack.pid, stop };
}
