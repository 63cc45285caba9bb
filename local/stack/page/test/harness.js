// Helpers for the tests of the page: two people in one window, and screenshots.
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const axe = readFileSync(
  createRequire(resolve(import.meta.dirname, '../../../../client/package.json')).resolve(
    'axe-core/axe.min.js',
  ),
  'utf8',
);
const screenshots = resolve(import.meta.dirname, '../../../../target/page');
mkdirSync(screenshots, { recursive: true });

/** Serves the page on a different site from the API's: to a browser, `127.0.0.1` is not `localhost`. */
export async function serveElsewhere() {
  let stack;
  const server = createServer(async (request, response) => {
    const answer = await fetch(stack + request.url.replace(/\?.*/, ''));
    const headers = ['Content-Type', 'Content-Security-Policy'].map((name) => [
      name,
      answer.headers.get(name) ?? '',
    ]);
    response.writeHead(answer.status, Object.fromEntries(headers));
    response.end(await answer.text());
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  return { origin, from: (url) => (stack = url), close: () => server.close() };
}

/** Opens a window with its own cookies, and collects the errors on the page. */
export async function openWindow(t, browser, url) {
  const context = await browser.createBrowserContext();
  t.after(() => context.close());
  const page = await context.newPage();
  const failures = [];
  page.on('pageerror', (error) => failures.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && failures.push(message.text()));
  await page.setViewport({ width: 1280, height: 900 });
  await page.goto(url);
  const [first, second] = ['first', 'second'].map((id) => new Person(page, id));
  return { page, failures, first, second };
}

/** Returns what axe reports about the page. */
export async function accessibilityProblems(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(', ')}`);
}

/** Saves a screenshot of the whole page, or of its visible part, for people to look at. */
export async function screenshot(page, name, fullPage = true) {
  await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage });
}

/** One of the two people, with their part of the page. */
export class Person {
  constructor(page, id) {
    this.page = page;
    this.id = id;
  }

  /** Locates an element by its role and accessible name. */
  #find(role, name) {
    return this.page.locator(`#${this.id} ::-p-aria([name="${name}"][role="${role}"])`);
  }

  async click(name) {
    await this.#find('button', name).click();
  }

  async fill(role, name, text) {
    await this.#find(role, name).fill(text);
  }

  /** Waits until an element shows the text. */
  async sees(text, selector = '*') {
    await this.page.waitForFunction(
      (id, text, selector) =>
        [...document.querySelectorAll(`#${id} ${selector}`)].some(
          (element) => element.checkVisibility() && element.innerText?.includes(text),
        ),
      {},
      this.id,
      text,
      selector,
    );
  }

  /** Waits until no element shows the text. */
  async seesNo(text, selector) {
    await this.page.waitForFunction(
      (selector, text) =>
        [...document.querySelectorAll(selector)].every(
          (element) => !element.checkVisibility() || !element.innerText.includes(text),
        ),
      {},
      `#${this.id} ${selector}`,
      text,
    );
  }

  /** Waits until the person's own message with this text has this tick. */
  async seesTick(text, state) {
    await this.page.waitForFunction(
      (selector, text, state) =>
        [...document.querySelectorAll(selector)].some(
          (message) =>
            message.querySelector('.text').innerText === text &&
            message.querySelector('.tick').innerText.includes(state),
        ),
      {},
      `#${this.id} .own`,
      text,
      state,
    );
  }

  /** Opens the chat with a friend. */
  async open(friend) {
    const entry = await this.page.waitForFunction(
      (selector, friend) =>
        [...document.querySelectorAll(selector)].find((entry) => entry.innerText.includes(friend)),
      {},
      `#${this.id} .lists button.entry`,
      friend,
    );
    await entry.click();
    await this.sees(friend, '.pane h3');
  }

  /** Returns the texts of the elements that this selector finds. */
  async texts(selector) {
    return this.page.$$eval(`#${this.id} ${selector}`, (found) =>
      found.map((element) => element.innerText),
    );
  }

  /** Signs in with the mailed code. */
  async signIn(email) {
    await this.fill('textbox', 'E-mail address', email);
    await this.click('Send a code');
    const mail = await this.page.locator(`#${this.id} .mail button`).waitHandle();
    await mail.click();
    await this.click('Sign in');
  }

  async signUp(email, name, photo) {
    await this.signIn(email);
    await this.sees('Complete your profile');
    await this.fill('textbox', 'Name', name);
    if (photo) {
      const input = await this.page.$(`#${this.id} input[type=file]`);
      await input.uploadFile(photo);
    }
    await this.click('Save');
    await this.sees('connected', '.state');
  }

  async say(text) {
    await this.fill('textbox', 'Message', text);
    await this.click('Send');
    await this.sees(text, '.own');
  }
}
