// The modules in src/ form layers: no import points upward, and there are no cycles.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const SOURCES = join(import.meta.dirname, '../src');

/** The layers, lowest first. A module imports only modules of lower layers. */
const LAYERS = [
  ['contract', 'errors', 'node', 'store'],
  ['emitter', 'http', 'names'],
  ['catch-up', 'log', 'receipts', 'sends', 'typing'],
  ['chat', 'link'],
  ['deduplicator', 'outbox'],
  ['socket'],
  ['io', 'live'],
  ['client'],
];

/** The modules that each module imports, types included. */
const imports = Object.fromEntries(
  readdirSync(SOURCES).map((file) => {
    const source = readFileSync(join(SOURCES, file), 'utf8');
    const targets = source.matchAll(/\bfrom '\.\/(.+?)\.js'/g);
    return [file.replace('.ts', ''), [...new Set([...targets].map(([, target]) => target))]];
  }),
);

/** Returns the modules on a cycle that is reachable from the end of `path`, if any. */
function findCycle(path) {
  const start = path.indexOf(path.at(-1));
  if (start < path.length - 1) return path.slice(start);
  for (const target of imports[path.at(-1)]) {
    const cycle = findCycle([...path, target]);
    if (cycle) return cycle;
  }
}

test('there are no import cycles', () => {
  for (const module of Object.keys(imports)) {
    const cycle = findCycle([module]);
    assert.ok(!cycle, `Remove one of these imports: ${cycle?.join(' imports ')}.`);
  }
});

test('no import points upward', () => {
  const layerOf = (module) => LAYERS.findIndex((layer) => layer.includes(module));
  for (const [module, targets] of Object.entries(imports)) {
    assert.ok(layerOf(module) >= 0, `Add ${module} to one of the LAYERS in this test.`);
    for (const target of targets) {
      assert.ok(
        layerOf(target) < layerOf(module),
        `Remove an import: ${module} imports ${target}, which is not in a lower layer.`,
      );
    }
  }
});
