// Uses the page as a person would, by keyboard, and checks what it shows. Started by e2e.sh.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const [example, shots] = process.argv.slice(2);
const KIB = 1024;

const server = spawn(example, ['--seconds', '150'], { stdio: ['ignore', 'pipe', 'inherit'] });
const [greeting] = await once(createInterface({ input: server.stdout }), 'line');
const url = greeting.replace('open ', '');
// Playwright makes a new profile in an empty directory and removes it.
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

try {
  const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
  const complaints = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('data:')) {
      complaints.push(`asks for ${request.url()}`);
    }
  });
  await page.goto(url);

  await step('a reader that keeps up has an empty buffer', async () => {
    await until(page, (now) => now.rows.length === 1 && now.rows[0].written > 150);
    const now = await look(page);
    assert.deepEqual([now.state, now.skipped, now.gaps], ['accepting', 0, 0]);
    assert(now.size < 16 * KIB, `${now.size} bytes queued`);
    assert(await highestOwn(page) < 0.2, 'the line is at the bottom');
  });

  await step('the first stop of the keyboard is the switch, with a visible focus', async () => {
    await page.keyboard.press('Tab');
    const focused = page.locator(':focus-visible');
    assert.equal(await focused.getAttribute('role'), 'switch');
    assert.equal(await focused.evaluate((input) => getComputedStyle(input).outlineStyle), 'solid');
    assert.equal(await page.getByRole('switch', { name: 'Read slowly' }).count(), 1);
  });

  await step('a slow reader sees its line rise to the high mark and pause', async () => {
    await page.keyboard.press('Space');
    await until(page, (now) => now.state === 'paused');
    await until(page, (now) => now.skipped > 0 && now.story.startsWith('Reading slowly. From'));
    const height = await highestOwn(page);
    assert(height > 0.75 && height < 0.9, `the line reaches ${height} of the chart`);
  });

  await step('more clients join, and get everything', async () => {
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await until(page, (now) => now.rows.length === 5
      && now.rows.slice(1).every(({ written }) => written > 150));
    assert((await look(page)).rows.slice(1).every(({ skipped }) => skipped === 0));
  });

  await step('it resumes at the low mark and pauses again', async () => {
    const sizes = await resumes(page, 3);
    assert(sizes.every((size) => size < 96 * KIB), `resumed at ${sizes} bytes or little before`);
    assert((await look(page)).rows[0].written < 200, 'a slow reader gets less than all');
  });

  await step('nothing sticks out at 400 or 1400 pixels, light or dark', async () => {
    await shootAll(page, 'slow');
  });

  await step('reading fast again, the line falls, and the gaps are what was skipped', async () => {
    await page.getByRole('switch').press('Space');
    await until(page, (now) => now.story.startsWith('Caught up'));
    const now = await look(page);
    assert.equal(now.state, 'accepting');
    assert(now.size < 64 * KIB, `${now.size} bytes queued`);
    assert(now.gaps > 0 && now.gaps === now.skipped, `${now.gaps} of ${now.skipped}`);
    await page.screenshot({ path: `${shots}/caught-up.png`, fullPage: true });
  });

  await step('the clients leave', async () => {
    await page.getByRole('button', { name: 'Close clients' }).press('Enter');
    await until(page, (now) => now.rows.length === 1);
    assert(await page.getByRole('button', { name: 'Close clients' }).isDisabled());
    assert.equal(await page.locator(':focus').textContent(), 'Open 4 clients');
  });

  await step('with reduced motion the chart moves once a second', async () => {
    assert(await pictures(page) > 10, 'it moves all the time without');
    await page.emulateMedia({ reducedMotion: 'reduce' });
    assert(await pictures(page) <= 3);
  });

  await step('the page tells when the server ends', async () => {
    server.kill('SIGINT');
    const [code] = await once(server, 'exit');
    assert.equal(code, 0);
    await until(page, (now) => now.story.startsWith('The server has ended'));
    assert(await page.getByRole('switch').isDisabled());
    assert.equal((await look(page)).state, 'disconnected');
    assert.equal(await page.getByText('accepting', { exact: true }).count(), 0);
    assert.equal(await page.getByText('KiB/s').count(), 0, 'no rates of what is gone');
    await shootAll(page, 'ended');
  });

  assert.deepEqual(complaints, []);
  console.log(`all seen; screenshots in ${shots}`);
} finally {
  await browser.close();
  server.kill();
}

/** Takes a picture at each width in each colour scheme; nothing may stick out. */
async function shootAll(page, name) {
  for (const width of [400, 1400]) {
    for (const colorScheme of ['light', 'dark']) {
      await page.setViewportSize({ width, height: 1000 });
      await page.emulateMedia({ colorScheme });
      await page.waitForTimeout(400);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
      await page.screenshot({ path: `${shots}/${name}-${colorScheme}-${width}.png`, fullPage: true });
    }
  }
}

async function step(what, check) {
  await check();
  console.log(`ok  ${what}`);
}

/** Reads the figures and the table as they are shown; sizes in bytes, rates in KiB/s. */
function look(page) {
  return page.evaluate(() => {
    const text = (id) => document.getElementById(id).textContent;
    const figure = (shown) => Number.parseFloat(shown.replaceAll(',', ''));
    const cell = (row, label) => figure(row.querySelector(`[data-label=${label}]`).textContent);
    return {
      story: text('story'),
      state: text('own-state'),
      size: figure(text('own-size')) * (text('own-size').endsWith('KiB') ? 1024 : 1),
      skipped: figure(text('own-skipped')),
      gaps: figure(text('own-missed')),
      rows: [...document.querySelectorAll('#rows tr')].map((row) => ({
        written: cell(row, 'Written'), pauses: cell(row, 'Pauses'), skipped: cell(row, 'Skipped'),
      })),
    };
  });
}

/** Waits, half a minute at most, until the page shows what is expected. */
async function until(page, expected) {
  const end = Date.now() + 30_000;
  let now = await look(page);
  while (!expected(now)) {
    assert(Date.now() < end, `waited in vain for ${expected}; last seen: ${JSON.stringify(now)}`);
    await page.waitForTimeout(50);
    now = await look(page);
  }
}

/** Waits for some resumes; returns the size in bytes that the next telemetry told after each. */
function resumes(page, count) {
  return page.evaluate((count) => new Promise((done) => {
    const telemetry = new WebSocket(`ws://${location.host}/telemetry`);
    const sizes = [];
    let paused = false;
    telemetry.onmessage = ({ data }) => {
      const [own] = JSON.parse(data).connections;
      if (paused && !own.paused) sizes.push(own.size);
      ({ paused } = own);
      if (sizes.length === count) {
        telemetry.close();
        done(sizes);
      }
    };
  }), count);
}

/** Finds how high the line of this page reaches, in both of its colours: a part of the chart's height. */
function highestOwn(page) {
  return page.evaluate(() => {
    const canvas = document.getElementById('chart');
    const style = getComputedStyle(canvas);
    const colors = ['--own', '--paused'].map((name) =>
      [1, 3, 5].map((at) => Number.parseInt(style.getPropertyValue(name).slice(at, at + 2), 16)));
    const { data, width, height } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const first = Array.from({ length: width * height }, (_, index) => 4 * index)
      .find((at) => data[at + 3] === 255
        && colors.some((color) => color.every((value, part) => data[at + part] === value)));
    return first === undefined ? 0 : 1 - Math.floor(first / 4 / width) / height;
  });
}

/** Counts the different pictures that the chart shows in two seconds. */
function pictures(page) {
  return page.evaluate(async () => {
    const canvas = document.getElementById('chart');
    const seen = new Set();
    for (const end = performance.now() + 2000; performance.now() < end;) {
      seen.add(canvas.toDataURL());
      await new Promise((wake) => setTimeout(wake, 50));
    }
    return seen.size;
  });
}
