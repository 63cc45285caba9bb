// The stack's live activity: requests, frames, and what functions send to sockets.
import { clock, el } from './dom.js';

/** The number of entries that are kept. */
const KEPT = 200;
/** The number of characters of a frame that are shown. */
const LONG = 120;

/** Shows the activity of the stack at `api`. */
export function showActivity({ api, entries, totals, clear }) {
  let count;
  const reset = () => {
    count = { invocations: 0, cold: 0, commands: 0 };
    entries.replaceChildren();
    totals.textContent = 'No activity yet.';
  };
  reset();
  clear.onclick = reset;

  const source = new EventSource(`${api}/_local/activity`);
  source.onmessage = ({ data }) => {
    const entry = JSON.parse(data);
    entries.prepend(row(entry));
    entries.children[KEPT]?.remove();
    if (!entry.function) return;
    count.invocations++;
    count.cold += entry.initMillis === null ? 0 : 1;
    count.commands += entry.databaseCommands ?? 0;
    totals.textContent = [
      `Invocations: ${count.invocations}`,
      `cold starts: ${count.cold}`,
      `database commands: ${count.commands}`,
    ].join(', ');
  };
}

function row(entry) {
  const { at, millis, initMillis, databaseCommands } = entry;
  const isCold = typeof initMillis === 'number';
  const start = isCold ? `cold, ${Math.round(initMillis)} ms` : 'warm';
  return el(
    'tr',
    { className: isCold ? 'cold' : '' },
    el('td', {}, clock(at, { hour: '2-digit', minute: '2-digit', second: '2-digit' })),
    el('td', { className: 'event' }, ...summary(entry)),
    cell('Function', entry.function),
    cell('Start', entry.function && start),
    cell('Milliseconds', millis?.toFixed(1), 'number'),
    cell('Database commands', databaseCommands ?? undefined, 'number'),
  );
}

/** Creates a cell. Phones show no columns, so each cell there shows its column's name. */
function cell(label, content, className = '') {
  return el(
    'td',
    { className: content === undefined ? 'empty' : className, 'data-label': label },
    String(content ?? ''),
  );
}

function summary({ kind, name, status, text }) {
  switch (kind) {
    case 'request':
      return [
        abbreviate(name),
        ' ',
        el('span', { className: status < 400 ? 'good' : 'bad' }, String(status)),
      ];
    case 'frame':
      return [...kindOf('frame'), name, ...content(text)];
    default:
      return [...kindOf('push'), parsed(text)?.event ?? '', ...content(text)];
  }
}

function kindOf(kind) {
  return [el('span', { className: 'kind' }, kind), ' '];
}

/** Abbreviates ids, and long texts. */
function abbreviate(text) {
  const short = text.replace(/[0-9a-f]{18,}(?=[0-9a-f]{6})/g, '…');
  return short.length > LONG ? `${short.slice(0, LONG)} …` : short;
}

/** Returns the values in a frame besides its name. */
function content(text) {
  const { action, event, ...rest } = parsed(text) ?? {};
  const values = valuesIn(rest);
  return values.length
    ? [' ', el('span', { className: 'quiet' }, abbreviate(values.join(' · ')))]
    : [];
}

/** Returns the texts, numbers and truth values in a value. */
function valuesIn(value) {
  const isObject = typeof value === 'object' && value !== null;
  return isObject ? Object.values(value).flatMap(valuesIn) : [String(value)];
}

function parsed(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}
