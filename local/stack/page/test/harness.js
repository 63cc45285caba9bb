// What the page's tests are written with: a stack, two people in one window, and pictures of them.
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { join, resolve } from 'node:path';

const pictures = resolve(import.meta.dirname, '../../../target/page');
mkdirSync(pictures, { recursive: true });

/** Serves the page on another site than the API: `127.0.0.1` and `localhost` have nothing in common for a browser. */
export async function serveElsewhere() {
  let stack;
  const server = createServer(async (request, response) => {
    const answer = await fetch(stack + request.url.replace(/\?.*/, ''));
    const headers = ['Content-Type', 'Content-Security-Policy'].map((name) => [name, answer.headers.get(name) ?? '']);
    response.writeHead(answer.status, Object.fromEntries(headers));
    response.end(await answer.text());
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  return { origin, from: (url) => (stack = url), close: () => server.close() };
}

/** A window of its own, with cookies of its own, that collects what goes wrong on the page. */
export async function openWindow(t, browser, url) {
  const context = await browser.createBrowserContext();
  t.after(() => context.close());
  const page = await context.newPage();
  const mistakes = [];
  page.on('pageerror', (error) => mistakes.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && mistakes.push(message.text()));
  await page.setViewport({ width: 1280, height: 900 });
  await page.goto(url);
  const [first, second] = ['first', 'second'].map((id) => new Person(page, id));
  return { page, mistakes, first, second };
}

/** A picture to be looked at, of the whole page or of what is in sight. */
export async function picture(page, name, fullPage = true) {
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage });
}

/** One of the two, who sees and does what their part of the page shows and has. */
export class Person {
  constructor(page, id) {
    this.page = page;
    this.id = id;
  }

  /** What has this role and name; white space does not count. */
  #find(role, name) {
    return this.page.locator(`#${this.id} ::-p-aria([name="${name}"][role="${role}"])`);
  }

  async click(name) {
    await this.#find('button', name).click();
  }

  async fill(role, name, text) {
    await this.#find(role, name).fill(text);
  }

  /** Waits until something is shown. */
  async sees(text, selector = '*') {
    await this.page.waitForFunction(
      (id, text, selector) =>
        [...document.querySelectorAll(`#${id} ${selector}`)].some((element) => element.checkVisibility() && element.innerText?.includes(text)),
      {},
      this.id,
      text,
      selector,
    );
  }

  /** From the address to the form that asks for a name, with the code that was mailed. */
  async signIn(email) {
    await this.fill('textbox', 'E-mail address', email);
    await this.click('Send a code');
    const mail = await this.page.locator(`#${this.id} .mail button`).waitHandle();
    await mail.click();
    await this.click('Sign in');
  }

  async signUp(email, name, photo) {
    await this.signIn(email);
    await this.sees('Who are you?');
    await this.fill('textbox', 'Name', name);
    const input = await this.page.$(`#${this.id} input[type=file]`);
    await input.uploadFile(photo);
    await this.click('Save');
    await this.sees('connected', '.state');
  }

  async say(text) {
    await this.fill('textbox', 'Message', text);
    await this.click('Send');
    await this.sees(text, '.own');
  }
}
