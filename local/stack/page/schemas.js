// Renders JSON Schema as tables, and the subset of Markdown that the descriptions use.
import { el } from './dom.js';

/** Resolves a `$ref` and merges the keys next to it. Returns other values unchanged. */
export function resolve(description, thing) {
  if (!thing?.$ref) return thing ?? {};
  const { $ref, ...siblings } = thing;
  const target = $ref
    .slice(2)
    .split('/')
    .reduce((at, key) => at?.[key.replaceAll('~1', '/').replaceAll('~0', '~')], description);
  return { ...resolve(description, target), ...siblings };
}

/** Creates a table of an object's properties, including nested ones. */
export function schemaTable(description, schema) {
  const rows = rowsOf(description, schema, 0, []);
  return rows.length
    ? el('table', {}, el('tbody', {}, ...rows))
    : el('p', {}, ...typeOf(description, schema));
}

/** Creates a table of parameters, such as those of a query. */
export function parameterTable(description, parameters) {
  const row = ({ name, schema, required, description: text }) =>
    propertyRow(
      description,
      name,
      { ...resolve(description, schema), description: text },
      required,
      0,
    );
  return el(
    'table',
    {},
    el('tbody', {}, ...parameters.map((parameter) => row(resolve(description, parameter)))),
  );
}

function rowsOf(description, schema, depth, above) {
  const {
    properties = {},
    required = [],
    items,
    allOf,
    anyOf,
    oneOf,
  } = resolve(description, schema);
  const inside = [items, ...(allOf ?? []), ...(anyOf ?? []), ...(oneOf ?? [])].filter(Boolean);
  const own = Object.entries(properties).flatMap(([name, property]) => [
    propertyRow(description, name, resolve(description, property), required.includes(name), depth),
    // A schema may be recursive.
    ...(above.includes(property.$ref ?? property)
      ? []
      : rowsOf(description, property, depth + 1, [...above, property.$ref ?? property])),
  ]);
  return [...own, ...inside.flatMap((part) => rowsOf(description, part, depth, above))];
}

function propertyRow(description, name, schema, required, depth) {
  const cell = el(
    'td',
    {},
    el('code', {}, name),
    required ? undefined : el('span', { className: 'type' }, ' optional'),
  );
  cell.style.paddingInlineStart = `${0.5 + depth * 1.25}rem`;
  return el(
    'tr',
    {},
    cell,
    el(
      'td',
      {},
      el('p', { className: 'type' }, ...typeOf(description, schema)),
      ...prose(schema.description),
    ),
  );
}

/** Describes a type and its constraints in words. */
function typeOf(description, schema) {
  const {
    type,
    format,
    items,
    anyOf,
    oneOf,
    minLength,
    maxLength,
    minimum,
    maximum,
    pattern,
    contentMediaType,
  } = schema;
  const alternatives = anyOf ?? oneOf;
  const one = (part) => text(typeOf(description, resolve(description, part)));
  const words = [];
  if (schema.const !== undefined) words.push(JSON.stringify(schema.const));
  else if (schema.enum) words.push(schema.enum.map((value) => JSON.stringify(value)).join(' or '));
  else if (alternatives) words.push([...new Set(alternatives.map(one))].join(' or '));
  else if (items) words.push(`array of ${one(items) || 'anything'}`);
  else if (type) words.push([type].flat().join(' or '));
  if (format) words.push(format);
  if (contentMediaType) words.push(contentMediaType);
  if (minLength !== undefined || maxLength !== undefined)
    words.push(`${range(minLength, maxLength)} characters`);
  if (minimum !== undefined || maximum !== undefined) words.push(range(minimum, maximum));
  if (schema.default !== undefined) words.push(`${JSON.stringify(schema.default)} by default`);
  return [words.join(', '), ...(pattern ? [' ', el('code', {}, pattern)] : [])];
}

function text(parts) {
  return parts.map((part) => part.textContent ?? part).join('');
}

function range(least, most) {
  if (least === undefined) return `at most ${most}`;
  return most === undefined ? `at least ${least}` : `${least} to ${most}`;
}

/** Renders paragraphs with `code` and **strong** text. */
export function prose(markdown = '') {
  const paragraphs = markdown
    .trim()
    .split(/\n\s*\n/)
    .filter(Boolean);
  return paragraphs.map((paragraph) => el('p', {}, ...inline(paragraph)));
}

/** Renders `code` and **strong** text within a paragraph. */
export function inline(markdown = '') {
  return markdown.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
    if (part.startsWith('`')) return el('code', {}, part.slice(1, -1));
    return part.startsWith('**') ? el('strong', {}, part.slice(2, -2)) : part;
  });
}

/** Creates a block with an example as JSON. */
export function example(value) {
  return el(
    'pre',
    { className: 'code' },
    typeof value === 'string' ? value : JSON.stringify(value, null, 2),
  );
}
