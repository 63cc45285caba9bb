// The client's names match the API descriptions, and the README's match the client.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { ACTIONS, ChatClient, EVENTS } from '../dist/client.js';

/** The folder of the API descriptions. */
const DESCRIPTIONS = '../../docs';

/** Messages and fields for acknowledgements, which the client handles itself. */
const ANSWERS = ['ack', 'error'];
const ACK_ID = 'ackId';

const http = parse(read(`${DESCRIPTIONS}/openapi.yaml`));
const sockets = parse(read(`${DESCRIPTIONS}/asyncapi.yaml`));

function read(path) {
  return readFileSync(new URL(path, import.meta.url), 'utf8');
}

/** Returns the parameters of each message whose first field is `kind`, in the order of the description. */
function described(kind) {
  const messages = Object.values(sockets.components.messages).map(({ name, payload }) => {
    const { properties } = sockets.components.schemas[payload.$ref.split('/').at(-1)];
    return [name, Object.keys(properties).filter((property) => property !== ACK_ID)];
  });
  const ofKind = messages.filter(([name, [first]]) => first === kind && !ANSWERS.includes(name));
  return Object.fromEntries(ofKind.map(([name, [, ...parameters]]) => [name, parameters]));
}

/** Fails with one sentence per name that only one side has. */
function assertSameNames(actual, expected, { kind, file, description }) {
  const missing = expected.filter((name) => !actual.includes(name));
  const unknown = actual.filter((name) => !expected.includes(name));
  const problems = [
    ...missing.map((name) => `Add the ${kind} "${name}" to ${file}: ${description} has it.`),
    ...unknown.map((name) => `Remove the ${kind} "${name}" from ${file}: ${description} lacks it.`),
  ];
  assert.ok(!problems.length, problems.join('\n'));
}

test('there is one HTTP method per operation of the description', () => {
  const { constructor, ...methods } = Object.getOwnPropertyDescriptors(
    Object.getPrototypeOf(ChatClient.prototype),
  );
  const operations = Object.values(http.paths).flatMap((path) =>
    Object.values(path).map(({ operationId }) => operationId),
  );
  assertSameNames(Object.keys(methods), operations, {
    kind: 'method',
    file: 'client/src/http.ts',
    description: 'openapi.yaml',
  });
});

for (const [kind, names, title] of [
  ['action', ACTIONS, '| Action | Parameters |'],
  ['event', EVENTS, '| Event | Arguments |'],
]) {
  test(`${kind}s have the names and parameters of the description, in its order`, () => {
    const expected = described(kind);
    assertSameNames(Object.keys(names), Object.keys(expected), {
      kind,
      file: 'client/src/names.ts',
      description: 'asyncapi.yaml',
    });
    assert.deepEqual(names, expected);
  });

  test(`the README lists all ${kind}s`, () => {
    const rows = Object.entries(names).map(
      ([name, parameters]) => `| \`${name}\` | ${parameters.map((p) => `\`${p}\``).join(', ')} |`,
    );
    const expected = [title, '|---|---|', ...rows].join('\n');
    const table = read('../README.md')
      .split('\n\n')
      .find((text) => text.startsWith(title));
    assert.equal(
      table,
      expected,
      `Replace the table of ${kind}s in client/README.md with:\n${expected}`,
    );
  });
}
