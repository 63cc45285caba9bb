// What all parts of the page are made with. Text is only ever set as text: nothing that somebody wrote can become markup.

/** An element. Properties that elements do not have are attributes; `on…` are listeners; children without content are left out. */
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

/** A button that does something. */
export function button(text, onclick, properties = {}) {
  return el('button', { type: 'button', onclick, ...properties }, text);
}

/** An input inside its label, so that a click on either and a screen reader know what belongs together. */
export function field(text, properties) {
  const input = el('input', { autocomplete: 'off', ...properties });
  return { label: el('label', {}, el('span', {}, text), input), input };
}

/** A place for what went wrong, which screen readers read out when it changes. */
export function alertLine() {
  return el('p', { role: 'alert', className: 'alert' });
}

/**
 * Does what a form or a button asks for: once at a time, and with the reason told where it cannot be done.
 * The control is not disabled meanwhile, since that would take the keyboard's focus away from it.
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

/** An error's message as a sentence; the backend's own are clauses. */
export function sentence({ message }) {
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}${/[.!?]$/.test(message) ? '' : '.'}`;
}

/**
 * Shows something else in a part of the page. The keyboard goes on where the eye does: if what had the focus is gone, it is given
 * to what is marked `data-focus`. What the other person did takes it from nobody.
 */
export function show(place, ...children) {
  const hadFocus = place.contains(document.activeElement);
  place.replaceChildren(...children);
  if (hadFocus) (place.querySelector('[data-focus]') ?? place).focus();
}

/** Somebody's picture, or the first letter of their name. It says nothing that the name beside it does not. */
export function picture({ fullName, photoUrl }) {
  if (photoUrl) return el('img', { className: 'picture', src: photoUrl, alt: '', width: 36, height: 36 });
  return el('span', { className: 'picture', 'aria-hidden': 'true' }, [...(fullName ?? '?')][0]);
}

/** A time of the day as the browser's language writes it. */
export function clock(time, options = { hour: '2-digit', minute: '2-digit' }) {
  return el('time', { dateTime: time }, new Date(time).toLocaleTimeString([], options));
}
