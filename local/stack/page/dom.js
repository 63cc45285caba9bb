// Helpers that build the page. Text is always set as text, so user input cannot become markup.

/**
 * Creates an element. Properties that the element lacks become attributes. Children that are `null`
 * or `undefined` are skipped.
 */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined) continue;
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

/** Creates a button. */
export function button(text, onclick, properties = {}) {
  return el('button', { type: 'button', onclick, ...properties }, text);
}

/** Creates an input inside its label, which associates the two. */
export function field(text, properties) {
  const input = el('input', { autocomplete: 'off', ...properties });
  return { label: el('label', {}, el('span', {}, text), input), input };
}

/** Creates a line for errors, which screen readers announce. */
export function alertLine() {
  return el('p', { role: 'alert', className: 'alert' });
}

/**
 * Runs the action of a form or button unless it is running already, and shows its error, if any.
 * The control is not disabled meanwhile, because it would lose the focus.
 */
export async function attempt(control, alert, action) {
  if (control.getAttribute('aria-busy') === 'true') return;
  control.setAttribute('aria-busy', 'true');
  alert.textContent = '';
  try {
    await action();
  } catch (error) {
    alert.textContent = sentence(error);
  } finally {
    control.removeAttribute('aria-busy');
  }
}

/** Returns the message of an error as a sentence. The backend's messages are clauses. */
export function sentence({ message }) {
  const end = /[.!?]$/.test(message) ? '' : '.';
  return message.charAt(0).toUpperCase() + message.slice(1) + end;
}

/**
 * Replaces the content of a part of the page. If the part had the focus, the new element with
 * `data-focus` gets it; otherwise the focus stays where it is.
 */
export function show(place, ...children) {
  const hadFocus = place.contains(document.activeElement);
  place.replaceChildren(...children);
  if (hadFocus) (place.querySelector('[data-focus]') ?? place).focus();
}

/**
 * Returns a function that shows items as the children of a list. `create(item)` makes an element
 * and a function that updates it. An item with the same key keeps its element, so that the focus
 * stays, and screen readers announce only what is new.
 */
export function keyedList(list, keyOf, create) {
  let shown = new Map();
  return (items) => {
    const focused = document.activeElement;
    const next = new Map(items.map((item) => [keyOf(item), item]));
    for (const [key, item] of next) next.set(key, shown.get(key) ?? create(item));
    for (const [key, { element }] of shown) if (!next.has(key)) element.remove();
    shown = next;
    items.forEach((item, index) => {
      const { element, update } = shown.get(keyOf(item));
      update(item);
      const present = list.children[index];
      if (present !== element) list.insertBefore(element, present ?? null);
    });
    if (list.contains(focused)) focused.focus();
  };
}

/** Creates a person's photo or initial. It is decorative, because the name is next to it. */
export function picture({ fullName, photoUrl }) {
  if (photoUrl)
    return el('img', { className: 'picture', src: photoUrl, alt: '', width: 36, height: 36 });
  return el('span', { className: 'picture', 'aria-hidden': 'true' }, [...(fullName ?? '?')][0]);
}

/** Creates a time in the browser's locale: by default, the time of day. */
export function clock(time, options = { hour: '2-digit', minute: '2-digit' }) {
  return el('time', { dateTime: time }, new Date(time).toLocaleString([], options));
}
