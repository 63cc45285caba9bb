// The packed package, as an application installs it: in Node, in Jest's jsdom, and in bundles.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import { build as buildWithVite } from 'vite';
import webpack from 'webpack';

const root = join(import.meta.dirname, '..');
const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

/** A program that uses the package, and what it prints. */
const NAMES = ['createClient', 'io', 'ChatError', 'MAX_FRAME', 'ACTIONS', 'EVENTS'];
const USE = `
  const client = createClient({ url: 'http://api', fetch: cookieFetch() });
  const types = [createClient, io, ChatError, cookieFetch].map((value) => typeof value);
  console.log(JSON.stringify([types, client instanceof Object, MAX_FRAME]));
`;
const RESULT = '[["function","function","function","function"],true,32000]\n';

let app;

before(() => {
  app = mkdtempSync(join(tmpdir(), 'chat-app-'));
  const [{ filename }] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--pack-destination', app], {
      cwd: root,
      encoding: 'utf8',
    }),
  );
  // What `npm install` does with a package without dependencies.
  const folder = join(app, 'node_modules', name);
  mkdirSync(folder, { recursive: true });
  execFileSync('tar', ['-xzf', join(app, filename), '-C', folder, '--strip-components=1']);
});

after(() => rmSync(app, { recursive: true }));

/** Writes a file of the application and returns its path. */
function write(file, text) {
  writeFileSync(join(app, file), text);
  return join(app, file);
}

const run = (file) => execFileSync(process.execPath, [file], { encoding: 'utf8' });

const IMPORTS = `
  import { ${NAMES} } from '${name}';
  import { cookieFetch } from '${name}/node';
`;
const REQUIRES = `
  const { ${NAMES} } = require('${name}');
  const { cookieFetch } = require('${name}/node');
`;

test('the package cannot be published by accident, and has no sources and no tests', () => {
  const folder = join(app, 'node_modules', name);
  assert.equal(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).private, true);
  assert.deepEqual(readdirSync(folder).sort(), [
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'dist',
    'package.json',
  ]);
});

test('an ES module can import it', () => {
  assert.equal(run(write('app.mjs', IMPORTS + USE)), RESULT);
});

test('a CommonJS module can require it', () => {
  assert.equal(run(write('app.cjs', REQUIRES + USE)), RESULT);
});

test('its types are found by ES modules, CommonJS modules and bundlers', () => {
  const use = `
    import { ChatError, createClient, io, type IoSocket } from '${name}';
    import { cookieFetch } from '${name}/node';
    const socket: IoSocket = io('http://api', { query: { userId: 'a', name: 'A' } });
    createClient({ url: 'http://api', fetch: cookieFetch() });
    socket.on('error', ({ code }: ChatError) => code?.trim());
    // @ts-expect-error: no such event
    socket.on('chatUpdated', () => {});
  `;
  for (const [file, module, moduleResolution] of [
    ['types.mts', 'node16', 'node16'],
    ['types.cts', 'node16', 'node16'],
    ['types.ts', 'esnext', 'bundler'],
    ['types.ts', 'commonjs', 'node10'],
  ]) {
    // Node's old resolution knows no subpaths.
    const text = moduleResolution === 'node10' ? use.replaceAll('/node', '/dist/cjs/node') : use;
    const options = ['--noEmit', '--strict', '--target', 'es2022'];
    const resolution = ['--module', module, '--moduleResolution', moduleResolution];
    execFileSync(process.execPath, [tsc, ...options, ...resolution, write(file, text)], {
      cwd: app,
      stdio: 'inherit',
    });
  }
});

test('it works in the Jest of Create React App, which knows neither `exports` nor new globals', () => {
  // Jest 27 resolves `main`, and its jsdom lacks these globals.
  const { main } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const module = { exports: {} };
  const globals = { module, console, setTimeout, clearTimeout, setInterval, clearInterval, URL };
  const context = createContext({
    ...globals,
    URLSearchParams,
    performance,
    DOMException,
    AbortController: class {
      signal = new EventTarget();
      abort() {
        this.signal.dispatchEvent(new Event('abort'));
      }
    },
  });
  runInContext(readFileSync(join(app, 'node_modules', name, main), 'utf8'), context);
  const { io } = module.exports;
  const socket = io('http://api', {
    query: { userId: 'a', name: 'A' },
    fetch: () => new Promise(() => {}),
    WebSocket: class {},
  });
  const errors = [];
  socket.on('error', ({ status }) => errors.push(status));
  socket.emit('chatsend', 'c', 'é'.repeat(16_000));
  socket.disconnect();
  assert.deepEqual(errors, [413]);
});

/** A page that uses the package and shows what it found. */
const PAGE = `
  import { ${NAMES} } from '${name}';
  globalThis.found = [${NAMES}].map((value) => typeof value).join();
  createClient({ url: 'http://api' });
`;
const FOUND = 'function,function,function,number,object,object';

/** Runs a bundle as a browser would, and returns what it has found. */
function found(bundle) {
  const context = createContext({});
  context.globalThis = context;
  runInContext(bundle, context);
  return context.found;
}

test('Vite builds it', async () => {
  const { output } = await buildWithVite({
    root: app,
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      lib: { entry: write('page-vite.js', PAGE), formats: ['iife'], name: 'app' },
    },
  }).then(([result]) => result);
  assert.equal(found(output[0].code), FOUND);
});

for (const [kind, page] of [
  ['an import', PAGE],
  ['a require', PAGE.replace(/import (.*) from (.*);/, 'const $1 = require($2);')],
]) {
  test(`webpack 5 builds ${kind} of it`, async () => {
    const stats = await new Promise((resolve, reject) =>
      webpack(
        {
          mode: 'production',
          context: app,
          entry: write('page-webpack.js', page),
          output: { path: join(app, 'webpack'), filename: 'bundle.js' },
        },
        (error, stats) => (error ? reject(error) : resolve(stats)),
      ),
    );
    const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
    assert.deepEqual([...errors, ...warnings], []);
    assert.equal(found(readFileSync(join(app, 'webpack/bundle.js'), 'utf8')), FOUND);
  });
}
