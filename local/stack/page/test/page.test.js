// The page in a browser, used like someone who tries the backend for the first time.
import assert from 'node:assert/strict';
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launchChromium } from '../../../../client/test/chromium.js';
import { startStack } from '../../../../client/test/stack.js';
import { accessibilityProblems, openWindow, screenshot, serveElsewhere } from './harness.js';

const folder = mkdtempSync(join(tmpdir(), 'chat-page-'));
const photo = join(folder, 'photo.png');
// One blue pixel.
writeFileSync(
  photo,
  Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPj/HwADBwIAMCbHYQAAAABJRU5ErkJggg==',
    'base64',
  ),
);

let browser;
let stack;

before(async () => {
  [browser, stack] = await Promise.all([launchChromium(), startStack()]);
});

after(async () => {
  await browser?.close();
  await stack?.stop();
  rmSync(folder, { recursive: true });
});

test('two people sign up, connect, chat and sign out', async (t) => {
  await journey(t, stack.url, 'same-origin');
});

test('the same works across two sites with SameSite=None', async (t) => {
  const elsewhere = await serveElsewhere();
  t.after(elsewhere.close);
  const { url, stop } = await startStack({
    COOKIE_SAME_SITE: 'None',
    ALLOWED_ORIGINS: elsewhere.origin,
  });
  t.after(stop);
  elsewhere.from(url);
  await journey(t, `${elsewhere.origin}/?api=${url}`, 'two-sites');
});

async function journey(t, url, name) {
  const { page, failures, first, second } = await openWindow(t, browser, url);
  await first.signUp(`ada@${name}.example.com`, `Ada ${name}`, photo);
  // A new person appears in the other list at once.
  await second.signUp(`bob@${name}.example.com`, `Bob ${name}`, photo);
  await screenshot(page, `${name}-1-signed-in`);
  await first.click(`Connect with Bob ${name}`);
  await first.sees(`Bob ${name}`, '.pane h3');
  // The chat appears without a request.
  await second.sees(`You are connected with Ada ${name}.`);
  await second.sees(`Ada ${name}`, '.lists .entry');
  await first.sees('online', '.presence');

  // Bob has not opened the chat: the message is delivered, but not read.
  await first.say('Hello Bob');
  await second.sees('1', '.badge');
  await first.seesTick('Hello Bob', 'delivered');
  await second.open(`Ada ${name}`);
  assert.equal(
    await page.evaluate(
      () => document.activeElement.closest('#second .pane') && document.activeElement.name,
    ),
    'message',
  );
  await second.sees('Hello Bob', '.theirs');
  await first.seesTick('Hello Bob', 'read');
  assert.deepEqual(await second.texts('.badge'), []);

  // Markup in a message is shown as text.
  const markup = '<img src=x onerror="document.title=1"> & you?';
  await second.say(markup);
  await first.sees(markup, '.theirs');
  await second.seesTick(markup, 'read');
  for (const id of ['first', 'second']) {
    assert.equal(
      await page.$eval(
        `#${id} header img.picture`,
        (image) => image.complete && image.naturalWidth,
      ),
      1,
    );
  }

  // A message is one invocation. The second one of a connection finds its user in memory.
  await first.say('What does it cost?');
  await first.seesTick('What does it cost?', 'read');
  await page.waitForFunction(() =>
    ['frame sendMessage', 'push entry', 'frame receipt'].every((text) =>
      document.getElementById('entries').innerText.includes(text),
    ),
  );
  const row = await page.$eval('#entries', (entries) =>
    [...entries.rows]
      .map((row) => [...row.cells].map((cell) => cell.textContent))
      .find(([, event]) => event.startsWith('frame sendMessage')),
  );
  const [, , ranFunction, start, millis, commands] = row;
  assert.equal(ranFunction, 'SendMessageAction');
  assert.match(start, /^(warm|cold, \d+ ms)$/);
  assert.ok(Number(millis) > 0);
  assert.equal(Number(commands), 2);
  const events = await page.$$eval('#entries .event', (cells) =>
    cells.map((cell) => cell.innerText),
  );
  assert.equal(events.filter((event) => event.startsWith('frame sendMessage')).length, 3);
  assert.deepEqual(
    events.filter((event) => /sendMessage|getChat|chatsend|messageRecieved/.test(event)).length,
    3,
  );
  await screenshot(page, `${name}-2-chatting`);

  await page.reload();
  for (const [person, chatName] of [
    [first, `Bob ${name}`],
    [second, `Ada ${name}`],
  ]) {
    await person.sees('connected', '.state');
    await person.sees(chatName, '.lists .entry');
  }
  await first.click('Sign out');
  await first.sees('You have signed out.');
  // The other session is unaffected.
  await second.sees('connected', '.state');
  await page.reload();
  await first.sees('Send a code');
  await second.sees('connected', '.state');
  assert.deepEqual(failures, []);
}

test('a person sees what the other one does', async (t) => {
  const windows = await Promise.all([1, 2].map(() => openWindow(t, browser, stack.url)));
  const [{ page: adasPage, first: ada, second: carol }, { page: bobsPage, second: bob }] = windows;
  await bob.signUp('bob@two.example.com', 'Bob Two');
  await ada.signUp('ada@two.example.com', 'Ada Two');
  await carol.signUp('carol@two.example.com', 'Carol Two');
  await ada.click('Connect with Bob Two');
  await bob.sees('Ada Two', '.lists .entry');
  await ada.sees('online', '.presence');

  await bobsPage.goto('about:blank');
  await ada.sees('last seen', '.presence');
  await ada.say('One');
  await ada.say('Two');
  await ada.seesTick('Two', 'stored');
  await bobsPage.goto(stack.url);
  await ada.sees('online', '.presence');
  await ada.seesTick('One', 'delivered');
  await bob.sees('2', '.badge');
  await ada.say('Three');
  await bob.sees('3', '.badge');
  await ada.seesTick('Three', 'delivered');
  await bob.open('Ada Two');
  await ada.seesTick('Three', 'read');
  assert.deepEqual(await bob.texts('.badge'), []);
  assert.deepEqual(await bob.texts('.text'), ['One', 'Two', 'Three']);

  await bob.fill('textbox', 'Message', 'Hm');
  await ada.sees('Bob Two is typing …', '.presence');
  await bob.fill('textbox', 'Message', '');
  await ada.sees('online', '.presence');

  // A page that is closed meanwhile loses nothing, and shows nothing twice.
  await adasPage.goto('about:blank');
  await bob.say('Four');
  await bob.say('Five');
  await adasPage.goto(stack.url);
  await ada.sees('2', '.badge');
  await ada.open('Bob Two');
  await bob.seesTick('Five', 'read');
  assert.deepEqual(await ada.texts('.text'), ['One', 'Two', 'Three', 'Four', 'Five']);

  // The most recently active chat comes first, and keeps its focus when it moves.
  await carol.click('Connect with Ada Two');
  await carol.say('Hello from Carol');
  await ada.sees('1', '.badge');
  const order = async () => (await ada.texts('.lists .list:first-of-type strong')).join();
  assert.equal(await order(), 'Carol Two,Bob Two');
  await ada.open('Carol Two');
  await bobsPage.evaluate(sendMany, 100);
  await ada.sees('99+', '.badge');
  assert.equal(await order(), 'Bob Two,Carol Two');
  await ada.open('Bob Two');
  await bob.seesTick('Five', 'read');
  assert.deepEqual(await ada.texts('.badge'), []);
  for (const { failures } of windows) assert.deepEqual(failures, []);
});

/** Sends messages to the only chat of the second person, from their page. */
async function sendMany(count) {
  const call = async (path, options) => (await fetch(`/_local/second${path}`, options)).json();
  const [{ userdata }, { data }] = await Promise.all(
    ['/api/userDetails', '/api/allConnection'].map((path) => call(path)),
  );
  for (let number = 1; number <= count; number++) {
    const body = { chatId: data[0]._id, userId: userdata._id, message: `Message ${number}` };
    const headers = { 'Content-Type': 'application/json' };
    await call('/api/sendMessage', { method: 'POST', headers, body: JSON.stringify(body) });
  }
}

test('a refused message can be sent again or discarded', async (t) => {
  const { page, first, second } = await openWindow(t, browser, stack.url);
  await first.signUp('refused-a@example.com', 'Refused A');
  await second.signUp('refused-b@example.com', 'Refused B');
  await first.click('Connect with Refused B');
  await first.sees('Refused B', '.pane h3');
  await page.$eval('#first [name=message]', (input) => input.removeAttribute('maxlength'));
  const tooLong = 'x'.repeat(5000);
  await first.say(tooLong);
  await first.seesTick(tooLong, 'failed');
  await first.click('Retry');
  await first.seesTick(tooLong, 'failed');
  await first.sees('4096', '[role=alert]');
  await first.click('Discard');
  await first.seesNo('x', '.own');
  await first.say('Shorter');
  await first.seesTick('Shorter', 'delivered');
});

test('signing in works with the keyboard alone, and the focus is never lost', async (t) => {
  const { page, first } = await openWindow(t, browser, stack.url);
  const press = async (name) => {
    for (let presses = 0; presses < 30; presses++) {
      const focused = await page.evaluate(() => document.activeElement.innerText ?? '');
      if (focused.startsWith(name)) return page.keyboard.press('Enter');
      await page.keyboard.press('Tab');
    }
    assert.fail(`Tab does not reach ${name}`);
  };
  const type = async (text) => {
    await page.keyboard.down('Control');
    await page.keyboard.press('a');
    await page.keyboard.up('Control');
    await page.keyboard.type(text);
  };
  await page.focus('#first input');
  await type('keyboard@example.com');
  await page.keyboard.press('Enter');
  await first.sees('Your sign-in code is');
  await press('Use ');
  assert.equal(await page.evaluate(() => document.activeElement.innerText), 'Sign in');
  await page.keyboard.press('Enter');
  await first.sees('Complete your profile');
  await type('Grace');
  await page.keyboard.press('Enter');
  await first.sees('Grace', 'h2');
  assert.equal(await page.evaluate(() => document.activeElement.innerText), 'Grace');
});

test('a refused code is reported', async (t) => {
  const { first } = await openWindow(t, browser, stack.url);
  await first.fill('textbox', 'E-mail address', 'wrong@example.com');
  await first.click('Send a code');
  await first.fill('textbox', 'Code', '000000');
  await first.click('Sign in');
  await first.sees('The code is wrong or no longer valid.', '[role=alert]');
});

test('a session that ends elsewhere is reported', async (t) => {
  const { page, first } = await openWindow(t, browser, stack.url);
  await first.signUp('elsewhere@example.com', 'Elsewhere', photo);
  await page.evaluate(() => fetch('/api/logout', { method: 'POST' }));
  await first.sees('Your session has ended. Sign in again.');
});

test('axe finds no problem', async (t) => {
  const { page, first, second } = await openWindow(t, browser, stack.url);
  assert.deepEqual(await accessibilityProblems(page), []);
  await first.signUp('axe-a@example.com', 'Axe A', photo);
  await second.signUp('axe-b@example.com', 'Axe B', photo);
  await first.click('Connect with Axe B');
  await first.say('Unread');
  await second.sees('1', '.badge');
  await first.seesTick('Unread', 'delivered');
  assert.deepEqual(await accessibilityProblems(page), []);
  await second.open('Axe A');
  await first.seesTick('Unread', 'read');
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
  assert.deepEqual(await accessibilityProblems(page), []);
});

test('the page fits a phone, light and dark', async (t) => {
  const { page, first, second } = await openWindow(t, browser, stack.url);
  await page.setViewport({ width: 360, height: 740 });
  await screenshot(page, 'phone-1-start');
  await first.signUp('phone-a@example.com', 'Phone A', photo);
  await second.signUp('phone-b@example.com', 'Phone B', photo);
  await first.click('Connect with Phone B');
  await first.say('A somewhat longer message that does not fit on one line of a phone');
  await screenshot(page, 'phone-2-light');
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
  await screenshot(page, 'phone-3-dark');
  await page.setViewport({ width: 1280, height: 900 });
  await screenshot(page, 'desktop-dark');
});

test('the reference lists every operation of both descriptions', async (t) => {
  const { page, failures } = await openWindow(t, browser, `${stack.url}/_local/api`);
  const [http, sockets] = await Promise.all(
    ['openapi', 'asyncapi'].map(async (name) =>
      (await fetch(`${stack.url}/_local/${name}.json`)).json(),
    ),
  );
  const expected = [
    ...Object.entries(http.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    ),
    ...Object.values(sockets.components.messages).map(({ name }) => name),
  ];
  await page.waitForFunction(
    (count) => document.querySelectorAll('.operation').length === count,
    {},
    expected.length,
  );
  const shown = await page.$$eval('.operation h3', (titles) =>
    titles.map((title) => title.textContent),
  );
  // The page groups the operations.
  assert.deepEqual(shown.sort(), expected.sort());
  assert.doesNotMatch(await page.$eval('main', (main) => main.innerText), /undefined|\[object/);
  await page.$eval('#getChat', (operation) => operation.scrollIntoView());
  await screenshot(page, 'reference', false);
  await page.setViewport({ width: 360, height: 740 });
  await page.$eval('#getChat', (operation) => operation.scrollIntoView());
  await screenshot(page, 'reference-phone', false);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
  assert.deepEqual(failures, []);
});
