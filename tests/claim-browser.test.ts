import { existsSync } from 'node:fs';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bookingAt, openCampus, type Campus } from './campus.ts';

/* The claim page as a holder meets it: a real browser, a phone's width, no JavaScript. */

const CHROMIUM = '/usr/bin/chromium';
const installed = existsSync(CHROMIUM);
if (!installed && process.env.CI === 'true') throw new Error(`tests: no Chromium at ${CHROMIUM}; in CI there must be one`);
if (!installed) console.warn(`\n!!! No Chromium at ${CHROMIUM}: the claim page in a browser is SKIPPED.\n`);

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const soon = { timeout: 10_000, interval: 20 };

describe.runIf(installed)('the claim page in a browser', () => {
  let campus: Campus;
  let browser: Browser;
  beforeAll(async () => {
    campus = await openCampus();
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  });
  afterAll(async () => {
    await browser?.close();
    await campus?.close();
  });

  const linkOf = async (id: number): Promise<string> => {
    await campus.post(bookingAt(campus, id).flat('EVENT_START'));
    const email = `user-${id}@campus.example`;
    await expect.poll(() => campus.linkFor(email), soon).toBeDefined();
    return campus.url() + campus.linkFor(email)!;
  };
  const phone = (): Promise<BrowserContext> =>
    browser.newContext({ viewport: { width: 360, height: 740 }, javaScriptEnabled: false });
  const confirm = async (page: Page, email: string): Promise<void> => {
    await page.getByRole('textbox').fill(email);
    await page.getByRole('button').first().click();
    await page.waitForLoadState();
  };
  const keyAt = (id: number): string => campus.manager.keys().find((key) => key.metadata.reservation_id === String(id))!.api_key;

  test('looking takes nothing; typing the address shows the key once more in this browser, and to nobody else', async () => {
    const context = await phone();
    const page = await context.newPage();
    const link = await linkOf(1);
    for (let look = 0; look < 3; look += 1) await page.goto(link);
    expect(await page.locator('html').getAttribute('lang')).toBeTruthy();
    expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1);
    expect(await page.getByRole('main').count()).toBe(1);
    expect(
      await page
        .getByRole('textbox')
        .getAttribute('aria-label')
        .then((label) => label ?? page.locator('label').first().textContent()),
    ).toBeTruthy();
    expect(await page.content()).not.toContain(keyAt(1));

    await confirm(page, 'wrong@campus.example');
    expect(await page.content()).not.toContain(keyAt(1));
    expect(await page.getByRole('alert').count()).toBeGreaterThan(0);

    await confirm(page, 'user-1@campus.example');
    expect(await page.content()).toContain(keyAt(1));
    expect(await page.content()).toContain('X-API-Key');

    await page.goto(link);
    await page.getByRole('button').first().click();
    await page.waitForLoadState();
    expect(await page.content()).toContain(keyAt(1));
    await context.close();

    const stranger = await phone();
    const other = await stranger.newPage();
    await other.goto(link);
    expect(await other.content()).not.toContain(keyAt(1));
    expect(await other.getByRole('textbox').count()).toBe(0);
    await stranger.close();
  });

  test('it fits a phone, and nothing on it breaks its own content policy', async () => {
    const context = await browser.newContext({ viewport: { width: 360, height: 740 } });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    await page.goto(await linkOf(2));
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    await confirm(page, 'user-2@campus.example');
    expect(await page.content()).toContain(keyAt(2));
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    expect(complaints).toEqual([]);
    await context.close();
  });
});
