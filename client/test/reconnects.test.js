import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reconnect } from './reconnects.js';

test('fifty reconnects lose, duplicate and leak nothing', async (t) => {
  assert.deepEqual(await reconnect(t, 50), {
    reconnects: 52,
    lost: 0,
    duplicated: 0,
    errors: 0,
    socketsLeft: 0,
    timersLeft: 0,
  });
});
