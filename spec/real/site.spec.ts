// npm run site makes a site of the pages, in which every link leads somewhere; in a real Chromium it is searched, filtered, dark, and read on a
// phone, and asks nobody else for anything.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { repositoryAt } from '../../doc/.vitepress/repository.ts';
import { stage } from '../../doc/.vitepress/stage.ts';
import { describeWith } from './needs.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 400_000 });

const root = join(import.meta.dirname, '../..');
/** The first build installs vitepress. */
const isReady =
  process.env.SMTPE_TEST_INSTALL !== 'no' || existsSync(join(root, 'var/site-build/node_modules/vitepress'));

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

async function serve(directory: string): Promise<Server> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url?.split('?')[0] ?? '').replace(/\/$/, '/index.html');
    const file = join(directory, path);
    if (!existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' });
    response.end(readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

describe.skipIf(!isReady)(`the site${isReady ? '' : ' (skipped: vitepress not installed)'}`, () => {
  let site = '';
  let output = '';
  let code: number | null = null;

  beforeAll(async () => {
    site = await mkdtemp(join(tmpdir(), 'smtpe-site-'));
    const child = spawn('npm', ['run', '--silent', 'site'], {
      cwd: root,
      env: { ...process.env, SITE_OUT: site, SITE_BASE: '/' },
    });
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (octets: Buffer) => (output += octets.toString()));
    code = await new Promise((resolve) => child.on('close', resolve));
  });
  afterAll(() => rm(site, { recursive: true, force: true }));

  it('is built, and no link of it leads nowhere', () => {
    expect(code, output).toBe(0);
    expect(output).toContain(`the site is in ${site}`);
  });

  it('has every page, every picture and an index for searching', () => {
    const { pages, pictures } = stage(repositoryAt(root));
    const missing = [...pages.keys()].filter(
      (path) => !existsSync(join(site, path.replace(/\.md$/, '.html'))),
    );
    expect(missing).toEqual([]);
    const assets = readdirSync(join(site, 'assets'), { recursive: true, encoding: 'utf8' });
    const html = [...pages.keys()].map((path) =>
      readFileSync(join(site, path.replace(/\.md$/, '.html')), 'utf8'),
    );
    for (const picture of pictures) {
      const name = picture.replace(/^.*\/|\.svg$/g, '');
      const isInside = html.some((text) => text.includes('src="data:image/svg'));
      expect(assets.some((asset) => asset.startsWith(`${name}.`)) || isInside, picture).toBe(true);
    }
    const index = assets.find((name) => name.includes('localSearchIndex'));
    const found = readFileSync(join(site, 'assets', index ?? ''), 'utf8').includes(
      'options.html#smtp-partial',
    );
    expect(found, 'the row of an option is found').toBe(true);
  });

  describeWith(['chromium'], 'in a browser', () => {
    let server: Server;
    let browser: Browser;
    let complaints: string[] = [];

    beforeAll(async () => {
      server = await serve(site);
      browser = await chromium.launch({
        executablePath: '/usr/bin/chromium',
        args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
      });
    });
    afterAll(async () => {
      await browser.close();
      server.close();
    });

    async function on(path: string, options: BrowserContextOptions, look: (page: Page) => Promise<void>) {
      complaints = [];
      const context = await browser.newContext(options);
      const page = await context.newPage();
      page.on('pageerror', ({ message }) => complaints.push(message));
      page.on('console', (line) => {
        if (line.type() === 'error' || line.type() === 'warning') complaints.push(line.text());
      });
      page.on('request', (request) => {
        if (!/^(?:http:\/\/127\.0\.0\.1:|data:)/.test(request.url())) complaints.push(request.url());
      });
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      await page.goto(`http://127.0.0.1:${port}${path}`);
      await look(page);
      await context.close();
      expect(complaints).toEqual([]);
    }

    it('shows the rows of the options that have all words of a filter', () =>
      on('/doc/reference/options.html', {}, async (page) => {
        const rows = page.locator('.vp-doc tbody tr:visible');
        await page.locator('.table-filter').waitFor();
        const all = await rows.count();
        expect(all).toBeGreaterThan(150);
        await page.locator('.table-filter input').fill('smtp-partial 250');
        await page.locator('#smtp-partial').waitFor();
        expect(await rows.count()).toBeLessThan(10);
        await page.locator('.table-filter input').press('Escape');
        expect(await rows.count()).toBe(all);
      }));

    it('leads from a word to the row of an option, which a filter does not hide then', () =>
      on('/doc/reference/options.html', {}, async (page) => {
        await page.locator('.table-filter input').fill('spool-dir');
        await page.locator('.DocSearch-Button').click();
        await page.locator('#localsearch-input').fill('smtp-partial');
        await page.locator('.result').first().click();
        await page.waitForURL(/options\.html#smtp-partial$/);
        await page.locator('#smtp-partial').waitFor();
      }));

    it('filters events over their headings', () =>
      on('/doc/reference/events.html', {}, async (page) => {
        await page.locator('.table-filter input').fill('watchdog');
        expect(await page.locator('.table-filter').count()).toBe(1);
        const headings = page.locator('.vp-doc h2:visible');
        await vi.waitUntil(async () => (await headings.count()) < 5, { timeout: 30_000 });
        expect(await headings.count()).toBeGreaterThan(0);
      }));

    it('shows pictures, dark too', () =>
      on('/doc/hooks.html', { colorScheme: 'dark' }, async (page) => {
        expect(await page.locator('html.dark').count()).toBe(1);
        const widths = await page
          .locator('.vp-doc img')
          .evaluateAll((images) =>
            images.map((image) => (image as unknown as { naturalWidth: number }).naturalWidth),
          );
        expect(widths.length).toBeGreaterThan(1);
        expect(Math.min(...widths)).toBeGreaterThan(300);
      }));

    it.each([
      '/',
      '/doc/',
      '/doc/hooks.html',
      '/doc/log.html',
      '/doc/reference/options.html',
      '/etc/smtpe.lua.html',
    ])('is not broader than a phone: %s', (path) =>
      on(path, { viewport: { width: 360, height: 740 } }, async (page) => {
        const beyond = 'document.documentElement.scrollWidth - innerWidth';
        expect(await page.evaluate<number>(beyond)).toBeLessThanOrEqual(0);
      }),
    );
  });
});
