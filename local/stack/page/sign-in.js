// Signing in: an e-mail address, the mailed code, and for new users a name and a photo.
import { alertLine, attempt, button, clock, el, field, picture, show } from './dom.js';

/** The interval and the duration of polling for the captured e-mail, in milliseconds. */
const POLL_EVERY = 300;
const POLL_FOR = 60_000;

/** Asks for an address, then for the code. `done` receives the address and `isComplete`. */
export function showSignIn(place, { client, api, title, email, reason, done }) {
  const alert = alertLine();
  const address = field('E-mail address', {
    type: 'email',
    name: 'email',
    required: true,
    value: email,
  });
  const code = field('Code', {
    name: 'code',
    required: true,
    inputMode: 'numeric',
    pattern: '[0-9]{6}',
    maxLength: 6,
    title: 'Six digits',
    autocomplete: 'one-time-code',
  });
  const signIn = el('button', { className: 'main' }, 'Sign in');
  const codeForm = el('form', { hidden: true }, code.label, signIn);
  const mail = el('aside', { className: 'mail', 'aria-label': 'Captured e-mail', hidden: true });

  const addressForm = el(
    'form',
    {},
    address.label,
    el('button', { className: 'main' }, 'Send a code'),
  );
  addressForm.onsubmit = (event) => {
    event.preventDefault();
    void attempt(addressForm, alert, async () => {
      const to = address.input.value.trim();
      const last = await newestMail(api, to);
      await client.sendOtp({ email: to });
      addressForm.querySelector('button').textContent = 'Send another code';
      codeForm.hidden = mail.hidden = false;
      code.input.value = '';
      code.input.focus();
      void showMail(mail, api, to, last, (digits) => {
        code.input.value = digits;
        signIn.focus();
      });
    });
  };
  codeForm.onsubmit = (event) => {
    event.preventDefault();
    void attempt(codeForm, alert, async () => {
      const to = address.input.value.trim();
      const { isComplete } = await client.verifyOtp({ email: to, otp: code.input.value });
      await done({ email: to, isComplete });
    });
  };
  show(
    place,
    el('h2', { tabIndex: -1, 'data-focus': '' }, title),
    reason && el('p', { role: 'status' }, reason),
    el('div', { className: 'beside' }, el('div', {}, addressForm, codeForm, alert), mail),
  );
}

/** Asks a new user for a name and a photo, or lets a user change them. */
export function showProfile(place, { client, email, fullName, photoUrl, back, done }) {
  const alert = alertLine();
  const name = field('Name', {
    name: 'fullName',
    required: true,
    maxLength: 100,
    value: fullName ?? '',
    'data-focus': '',
  });
  const photo = field('Photo (optional)', {
    type: 'file',
    name: 'profile',
    accept: 'image/jpeg,image/png,image/webp',
  });
  const preview = el('div', {}, picture({ fullName, photoUrl }));
  photo.input.onchange = () => {
    const [file] = photo.input.files;
    const address = file && URL.createObjectURL(file);
    const shown = picture({ fullName: name.input.value, photoUrl: address ?? photoUrl });
    shown.onload = () => address && URL.revokeObjectURL(address);
    preview.replaceChildren(shown);
  };
  const form = el(
    'form',
    {},
    name.label,
    el('div', { className: 'row' }, preview, photo.label),
    el(
      'div',
      { className: 'row' },
      el('button', { className: 'main' }, 'Save'),
      back && button('Cancel', back),
    ),
    alert,
  );
  form.onsubmit = (event) => {
    event.preventDefault();
    void attempt(form, alert, async () => {
      const [profile] = photo.input.files;
      await client.uploadDetails({
        email,
        fullName: name.input.value,
        ...(profile && { profile }),
      });
      await done();
    });
  };
  show(
    place,
    el('h2', {}, back ? 'Your profile' : 'Complete your profile'),
    el('p', { className: 'quiet' }, email),
    form,
  );
}

/** Shows the first e-mail after `last`, with a button that uses its code. */
async function showMail(place, api, to, last, use) {
  const waiting = el('p', { role: 'status' }, 'Waiting for the e-mail …');
  place.replaceChildren(waiting);
  for (
    const end = Date.now() + POLL_FOR;
    place.isConnected && waiting.isConnected && Date.now() < end;

  ) {
    const mail = await newestMail(api, to);
    if (!mail || mail.receivedAt === last?.receivedAt) {
      await new Promise((resolve) => setTimeout(resolve, POLL_EVERY));
      continue;
    }
    const [digits] = mail.text.match(/\b\d{6}\b/) ?? [];
    place.replaceChildren(
      el('h3', {}, mail.subject),
      el('p', { className: 'quiet' }, `to ${mail.to}, `, clock(mail.receivedAt)),
      el('pre', {}, mail.text.trim()),
      digits && button(`Use ${digits}`, () => use(digits)),
    );
    return;
  }
  waiting.textContent = 'No e-mail was captured. If the stack sends real e-mail, check your inbox.';
}

/** Returns the latest e-mail that the local stack has captured for an address. */
async function newestMail(api, to) {
  const response = await fetch(`${api}/_local/mail?to=${encodeURIComponent(to)}`);
  const [newest] = await response.json();
  return newest;
}
