// The names of the WebSocket API are those of its description.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { ACTIONS, EVENTS } from '../dist/client.js';

const { components } = parse(readFileSync(new URL('../../docs/asyncapi.yaml', import.meta.url), 'utf8'));

/** Answers, and what asks for one, are the client's own business. */
const ANSWERS = ['ack', 'error'];
const ACK_ID = 'ackId';

/** The messages that have the field `kind`, by their names: the names of their parameters, in the described order. */
function described(kind) {
  const messages = Object.values(components.messages).map(({ name, payload }) => {
    const { properties } = components.schemas[payload.$ref.split('/').at(-1)];
    return [name, Object.keys(properties).filter((property) => property !== ACK_ID)];
  });
  const ofKind = messages.filter(([name, [first]]) => first === kind && !ANSWERS.includes(name));
  return Object.fromEntries(ofKind.map(([name, [, ...parameters]]) => [name, parameters]));
}

test('actions take the parameters that the description has, in its order', () => {
  assert.deepEqual(ACTIONS, described('action'));
});

test('events hold what the description has, in its order', () => {
  assert.deepEqual(EVENTS, described('event'));
});
