// Takes the README's screenshot of the page: two people in a chat, and the activity of the stack.
import { launchChromium } from '../../../../client/test/chromium.js';
import { startStack } from '../../../../client/test/stack.js';
import { openWindow } from './harness.js';

const [path] = process.argv.slice(2);
if (!path) throw new Error('usage: node picture.js FILE');

const [browser, stack] = await Promise.all([launchChromium(), startStack()]);
const done = [];
const t = { after: (action) => done.push(action) };

// Other people, so that the lists are not empty.
const others = await openWindow(t, browser, stack.url);
await others.first.signUp('carol@example.com', 'Carol');
await others.second.signUp('dave@example.com', 'Dave');

const { page, first: ada, second: bob } = await openWindow(t, browser, stack.url);
await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
await ada.signUp('ada@example.com', 'Ada');
await bob.signUp('bob@example.com', 'Bob');
await ada.click('Connect with Bob');
await ada.sees('Bob', '.pane h3');
await bob.sees('You are connected with Ada.');

// A reload removes the notice, so that both sides look alike.
await page.reload();
for (const person of [ada, bob]) {
  await person.sees('connected', '.state');
  await person.open(person === ada ? 'Bob' : 'Ada');
}
for (const [from, to, text] of [
  [ada, bob, 'Hi Bob! Is this on AWS?'],
  [bob, ada, 'No, it runs on my laptop.'],
  [ada, bob, 'Does it start real functions?'],
  [bob, ada, 'Yes, look at the list below.'],
]) {
  await from.say(text);
  await to.sees(text, '.theirs');
  await from.seesTick(text, 'read');
}

await page.evaluate(() => document.activeElement.blur());
await page.setViewport({ width: 1280, height: 815 });
await page.screenshot({ path });

for (const action of done) await action();
await browser.close();
await stack.stop();
