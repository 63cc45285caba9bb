// The API reference, rendered from both descriptions.
import { el } from './dom.js';
import { example, inline, parameterTable, prose, resolve, schemaTable } from './schemas.js';

const contents = document.getElementById('contents');
const operations = document.getElementById('operations');

const [http, sockets] = await Promise.all(
  ['openapi', 'asyncapi'].map(async (name) =>
    (await fetch(new URL(`../${name}.json`, import.meta.url))).json(),
  ),
);

showHttp(http);
showSockets(sockets);
// The target of the URL's fragment exists only now.
document.getElementById(location.hash.slice(1))?.scrollIntoView();

function showHttp(api) {
  showInfo('http', api.info);
  const all = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      ...operation,
    })),
  );
  for (const { name, description } of api.tags) {
    const group = all.filter(({ tags }) => tags.includes(name));
    operations.append(el('h2', { className: 'group' }, name), ...prose(description));
    operations.append(...group.map((operation) => httpOperation(api, operation)));
    list(
      name,
      group.map(({ operationId, method, path }) => [operationId, `${method} ${path}`]),
    );
  }
}

function httpOperation(
  api,
  {
    operationId,
    method,
    path,
    summary,
    description,
    security,
    parameters = [],
    requestBody,
    responses,
  },
) {
  const body = resolve(api, requestBody).content ?? {};
  return section(
    operationId,
    [el('span', { className: 'method' }, method), ` ${path}`],
    el('p', {}, el('strong', {}, ...inline(summary))),
    ...prose(description),
    el('p', { className: 'who' }, 'Credentials: ', ...credentials(security ?? api.security)),
    ...(parameters.length ? [el('h4', {}, 'Parameters'), parameterTable(api, parameters)] : []),
    ...Object.entries(body).flatMap(([type, content]) => [
      el('h4', {}, `Body, ${type}`),
      ...contentOf(api, content),
    ]),
    el('h4', {}, 'Responses'),
    ...Object.entries(responses).map(([status, response]) =>
      responseDetails(api, status, resolve(api, response)),
    ),
  );
}

/** Lists the accepted credentials: alternatives, each of which may combine several cookies. */
function credentials(security = []) {
  const names = security.map((together) =>
    Object.keys(together)
      .map((name) => `\`${name}\``)
      .join(' and '),
  );
  const alternatives = names.map((name) => name || 'none');
  return inline(alternatives.join(' or ') || 'none');
}

function responseDetails(api, status, { description, headers = {}, content = {} }) {
  const isGood = status < 400;
  return el(
    'details',
    { open: isGood },
    el(
      'summary',
      {},
      el('span', { className: isGood ? 'good' : 'bad' }, status),
      ' ',
      ...inline(description),
    ),
    ...Object.entries(headers).map(([name, header]) =>
      el(
        'p',
        { className: 'quiet' },
        el('code', {}, name),
        ' ',
        ...inline(resolve(api, header).description),
      ),
    ),
    // All errors share one schema, which the introduction shows.
    ...Object.values(content).flatMap((body) =>
      isGood ? contentOf(api, body) : examplesOf(api, body),
    ),
  );
}

function contentOf(api, content) {
  return [
    ...(content.schema ? [schemaTable(api, content.schema)] : []),
    ...examplesOf(api, content),
  ];
}

function examplesOf(api, content) {
  const several = Object.values(content.examples ?? {}).map((one) => resolve(api, one).value);
  const all = content.example === undefined ? several : [content.example];
  return all.map(example);
}

function showSockets(api) {
  showInfo('sockets', api.info);
  for (const [action, title] of [
    ['receive', 'Actions that clients send'],
    ['send', 'Events that clients receive'],
  ]) {
    const group = Object.entries(api.operations).filter(
      ([, operation]) => operation.action === action,
    );
    operations.append(el('h2', { className: 'group' }, title));
    const named = group.map(([id, operation]) => ({
      id: `socket-${id}`,
      ...operation,
      message: resolve(api, operation.messages[0]),
    }));
    operations.append(...named.map((operation) => socketOperation(api, operation)));
    list(
      title,
      named.map(({ id, message }) => [id, message.name]),
    );
  }
}

function socketOperation(api, { id, summary, description, message }) {
  return section(
    id,
    [message.name],
    el('p', {}, el('strong', {}, ...inline(summary))),
    ...prose(description),
    schemaTable(api, message.payload),
    ...(message.examples ?? []).map(({ payload }) => example(payload)),
  );
}

function showInfo(id, { title, description }) {
  const api = title.replace(/^Chat, the /, '');
  operations.append(
    el(
      'section',
      { id, className: 'panel prose', 'aria-label': api },
      el('h2', {}, api),
      ...prose(description),
    ),
  );
  list('', [[id, api]]);
}

function section(id, title, ...content) {
  return el(
    'section',
    { id, className: 'panel operation', 'aria-labelledby': `${id}-title` },
    el('h3', { id: `${id}-title` }, ...title),
    ...content,
  );
}

/** Adds a group of links to the contents. */
function list(title, entries) {
  if (title) contents.append(el('h2', {}, title));
  contents.append(
    el('ul', {}, ...entries.map(([id, text]) => el('li', {}, el('a', { href: `#${id}` }, text)))),
  );
}
