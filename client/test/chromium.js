// Starts the headless browser that the tests use.
import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import puppeteer from 'puppeteer-core';

/** Starts Chromium: CHROMIUM, else one on the PATH, else the one in an npm package. */
export async function launchChromium() {
  const onPath = ['chromium', 'chromium-browser', 'google-chrome', 'chrome']
    .flatMap((name) => process.env.PATH.split(delimiter).map((folder) => join(folder, name)))
    .find(isExecutable);
  const executablePath = process.env.CHROMIUM ?? onPath ?? (await unpacked());
  return puppeteer.launch({ headless: 'shell', args: ['--no-sandbox'], executablePath });
}

async function unpacked() {
  const { TMPDIR } = process.env;
  const folder = join(import.meta.dirname, '../node_modules/.cache');
  mkdirSync(folder, { recursive: true });
  process.env.TMPDIR = folder;
  // The package unpacks the libraries that Chromium needs only if it seems to run on AWS Lambda.
  process.env.AWS_LAMBDA_JS_RUNTIME ??= 'nodejs22.x';
  const { default: packed } = await import('@sparticuz/chromium');
  const path = await packed.executablePath();
  // The package's own configuration looks for its font in /tmp only. Without fonts, Chromium shows
  // no text; with only that font, it lacks symbols.
  const cache = `${folder}/fonts-cache`;
  const folders = [`${folder}/fonts`, '/usr/share/fonts'].map((path) => `<dir>${path}</dir>`);
  const alias =
    '<alias><family>system-ui</family><prefer><family>Open Sans</family></prefer></alias>';
  writeFileSync(
    join(folder, 'fonts/fonts.conf'),
    `<fontconfig>${folders.join('')}<cachedir>${cache}</cachedir>${alias}</fontconfig>`,
  );
  if (TMPDIR === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = TMPDIR;
  return path;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
