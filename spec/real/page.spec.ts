// The page of the administration in a real Chromium, in front of the built program: strangers' words are shown as text, search, keys, light and
// dark, a phone, pause, what is exported, the token, a flood, and a server that is started again while the page is open.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { FakeDnsServer } from '../../src/bench/ports/dns-server.ts';
import { AdminRig, FakeDesk } from '../fakes/admin-rig.ts';
import { mailEvent } from '../fakes/mail-event.ts';
import { ServiceUnderTrial } from '../fakes/service.ts';
import { SmtpClient } from '../fakes/smtp-client.ts';
import { describeWith, findProgram } from './needs.ts';

vi.setConfig({ testTimeout: 60_000 });

const TOKEN = 'correct-horse-battery-staple';
const POLICY = `
function hook.rcpt(a) if tostring(a):find('nobody', 1, true) then return '550 5.1.1 no such user' end end
function hook.noop() dns.open() dns.query(dns.class.IN, dns.type.TXT, '<img/src=x/onerror=document.title=1>.test') dns.wait(1) end
function hook.forward() return '250 2.0.0 taken' end
`;
const FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/** A port that is free now: the server is started again on the same one. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function mail(client: SmtpClient, from: string, to: string, id = ''): Promise<string> {
  await client.command(`MAIL FROM:<${from}>${/[^ -~]/.test(from) ? ' SMTPUTF8' : ''}`);
  const reply = await client.command(`RCPT TO:<${to}>`);
  if (!reply.startsWith('250')) {
    await client.command('RSET');
    return reply;
  }
  await client.command('DATA');
  client.write(`Subject: x\r\n${id === '' ? '' : `Message-ID: <${id}>\r\n`}\r\nx\r\n.\r\n`);
  return client.reply();
}

async function greeted(port: number, hello = 'mx.example.com'): Promise<SmtpClient> {
  const client = await SmtpClient.connect(port);
  await client.reply();
  await client.command(`EHLO ${hello}`);
  return client;
}

describeWith(['chromium'], 'the page', () => {
  let directory = '';
  let service: ServiceUnderTrial;
  let browser: Browser;
  let dns: FakeDnsServer;
  let adminPort = 0;
  let port = 0;
  let context: BrowserContext | undefined;
  /** What the browser complains of, and requests that go elsewhere. */
  let complaints: string[] = [];

  async function start(): Promise<void> {
    const file = `admin-listen=127.0.0.1:${adminPort}\nadmin-token-file=${directory}/token\nlimit-client-connections=0\nlimit-commands=0\nsmtp-utf8=+\ndns-servers=127.0.0.1:${dns.port}\n`;
    service = await ServiceUnderTrial.start({ policy: POLICY, file }, directory);
    port = await service.port();
  }

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'smtpe-page-'));
    await writeFile(join(directory, 'token'), `${TOKEN}\n`, { mode: 0o600 });
    adminPort = await freePort();
    dns = await FakeDnsServer.start();
    dns.script(() => true, { kind: 'hold' });
    [browser] = await Promise.all([
      chromium.launch({ executablePath: findProgram('chromium') ?? '', args: FLAGS }),
      start(),
    ]);
  });
  afterEach(async () => {
    await context?.close();
    expect(complaints).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
    await service?.remove();
    await dns?.close();
    await rm(directory, { recursive: true, force: true });
  });

  async function open(settings: Parameters<Browser['newContext']>[0] = {}, at = adminPort): Promise<Page> {
    complaints = [];
    context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...settings });
    const page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (line) => {
      if (line.type() === 'error') complaints.push(line.text());
    });
    page.on('request', (request) => {
      const { host, protocol } = new URL(request.url());
      if (host !== `127.0.0.1:${at}` && protocol !== 'blob:') complaints.push(request.url());
    });
    await page.goto(`http://127.0.0.1:${at}/`);
    await shows(page, '#state', 'live');
    return page;
  }

  const shows = (page: Page, where: string, text: string | RegExp) =>
    expect.poll(() => page.locator(where).first().textContent()).toMatch(text);
  const rows = (page: Page): Promise<number> => page.locator('#transaction-table tr.sum').count();

  it('strangers are shown as they write, and their words do nothing', async () => {
    const hostile = '<img/src=x/onerror=document.title=1>';
    const client = await greeted(port, `<script>document.title=1</script>`);
    await mail(client, `"${hostile}"@example.com`, 'bob@example.net', `<svg/onload=document.title=2>@x`);
    await mail(client, 'r\xe2\x80\xaegpj.exe@example.com', 'bob@example.net', '\xff\xfe\x9b@example.com');
    await mail(client, 'ann@example.com', 'nobody@example.net');
    const page = await open();
    await page.locator('#search').fill('onerror');
    await expect.poll(() => rows(page)).toBe(1);
    const row = page.locator('#transaction-table tr.sum').first();
    expect(await row.textContent()).toContain(hostile);
    await row.click();
    expect(await page.locator('tr.detail').textContent()).toContain('<svg/onload=document.title=2>');
    await shows(page, '#session-table tbody', '<script>');
    await page.locator('#search').fill('gpj.exe');
    await expect
      .poll(() => page.locator('#transaction-table tr.sum').first().textContent())
      .toMatch(/gpj\.exe/);
    const text = await page.locator('#transaction-table').textContent();
    expect(text).toContain('r\\u{202e}gpj.exe@example.com');
    await page.locator('#transaction-table tr.sum').first().click();
    expect(await page.locator('tr.detail').textContent()).toContain('<\\xFF\\xFE\\x9B@example.com>');
    expect(await page.locator('body').textContent()).not.toMatch(/[\u202e\u0080-\u009f]/);
    expect(await page.title()).toMatch(/^smtpe /);
    expect(await page.locator('table img, table svg, table script, dialog img').count()).toBe(0);
    // Who says no, and how long hooks take.
    await shows(page, '#causes', /hook\.rcpt\d/);
    await shows(page, '#hooks', /rcpt/);
    client.destroy();
  });

  it('each session shows what it waits for, and how long by now', async () => {
    const client = await greeted(port, 'waits.example');
    const page = await open();
    const cell = page
      .locator('#session-table tr', { hasText: 'waits.example' })
      .locator('td[data-label="waits for"]');
    await expect.poll(() => cell.textContent()).toMatch(/^a command \d s$/);
    client.write('NOOP\r\n');
    await expect
      .poll(() => cell.textContent())
      .toMatch(/^hook\.noop: dns TXT <img\/src=x\/onerror=document\.title=1>\.test\. \d s$/);
    expect(await page.title()).toMatch(/^smtpe /);
    // A hook that waits would be waited for at the end.
    dns.release();
    expect(await client.reply()).toMatch(/^250/);
    client.destroy();
  });

  it('search finds by address, client, id, Message-ID and result, and CSV and JSON have what is found', async () => {
    const client = await greeted(port);
    for (let i = 0; i < 5; i++)
      await mail(client, `=cmd${i}@export.example`, 'bob@example.net', `m${i}@export.example`);
    const page = await open();
    const search = page.locator('#search');
    for (const [words, count] of [
      ['export.example', 5],
      ['=cmd3@', 1],
      ['m4@export.example', 1],
      ['127.0.0.1 export.example', 5],
      ['from=export.example result=refused', 0],
    ] as const) {
      await search.fill(words);
      await expect.poll(() => rows(page)).toBe(count);
    }
    await search.fill('export.example');
    await expect.poll(() => rows(page)).toBe(5);
    await shows(page, '#transaction-count', /^5 of \d+ match$/);
    const saved = async (button: string): Promise<string> => {
      const [download] = await Promise.all([page.waitForEvent('download'), page.locator(button).click()]);
      expect(download.suggestedFilename()).toMatch(/^smtpe-transactions-[\dT-]+\.(csv|json)$/);
      return readFile(await download.path(), 'utf8');
    };
    const csv = await saved('#transactions-csv');
    expect(csv.trimEnd().split('\r\n')).toHaveLength(6);
    expect(csv).toMatch(/^time,result,code,from,to,/);
    // A spreadsheet must not take it for a formula.
    expect(csv).toContain(",'=cmd3@export.example,");
    const json = JSON.parse(await saved('#transactions-json'));
    expect(json).toHaveLength(5);
    expect(json[0]).toMatchObject({
      from: '=cmd4@export.example',
      message_id: '<m4@export.example>',
      result: 'accepted',
    });
    await page.locator('#result').selectOption('refused');
    await expect.poll(() => rows(page)).toBe(0);
    client.destroy();
  });

  it('a search shows what comes right behind it, though nothing comes any more', async () => {
    const client = await greeted(port);
    const page = await open();
    await page.locator('#search').fill('behind.example');
    await shows(page, '#transaction-count', /^0 of \d+ match$/);
    await mail(client, 'one@behind.example', 'bob@example.net');
    await expect.poll(() => rows(page)).toBe(1);
    await page.locator('#pause').click();
    await mail(client, 'two@behind.example', 'bob@example.net');
    await page.locator('#pause').click();
    await expect.poll(() => rows(page)).toBe(2);
    client.destroy();
  });

  it('everything is reached by keys: pause, search, a transaction and its details, the list of keys, dark', async () => {
    const client = await greeted(port);
    await mail(client, 'first@keys.example', 'bob@example.net');
    const page = await open({ colorScheme: 'light' });
    await expect.poll(() => rows(page)).toBeGreaterThan(0);
    const at = () => page.evaluate<string>('document.activeElement.id');
    const back = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    const light = await back();
    await page.keyboard.press('d');
    expect(await back()).not.toBe(light);
    await page.keyboard.press('d');
    expect(await back()).toBe(light);
    await page.keyboard.press('p');
    await shows(page, '#state', 'paused');
    await mail(client, 'second@keys.example', 'bob@example.net');
    const before = await rows(page);
    await page.keyboard.press('?');
    await shows(page, '#keys', 'search transactions');
    await page.keyboard.press('Escape');
    // The server has told of it; the page shows it when it goes on.
    await expect
      .poll(() =>
        page.evaluate(
          "fetch('transactions?q=second@keys.example').then((a) => a.json()).then(({ matched }) => matched)",
        ),
      )
      .toBe(1);
    expect(await rows(page)).toBe(before);
    await page.keyboard.press('p');
    await shows(page, '#transaction-table tbody', 'second@keys.example');
    await page.keyboard.press('/');
    expect(await at()).toBe('search');
    await page.keyboard.type('keys.example p');
    await page.keyboard.press('Escape');
    await page.locator('#search').fill('keys.example');
    await expect.poll(() => rows(page)).toBe(2);
    // From the first stop to the last: each is seen, and the walk ends.
    const seen = new Set<string>();
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press('Tab');
      const stop = await page.evaluate<string>(
        '((one) => (one.id || one.className || one.textContent) + " " + getComputedStyle(one).outlineStyle)(document.activeElement)',
      );
      // Behind the last one comes the browser itself, then the first.
      if (await page.evaluate('document.activeElement !== document.body')) seen.add(stop);
    }
    const stops = [...seen];
    for (const wanted of [
      'pause',
      'operate',
      'theme',
      'help',
      'search',
      'result',
      'transactions-csv',
      'transactions-json',
      'sum',
    ])
      expect(
        stops.some((stop) => stop.startsWith(`${wanted} `)),
        wanted,
      ).toBe(true);
    expect(stops.filter((stop) => stop.endsWith(' none'))).toEqual([]);
    await page.locator('#transaction-table tr.sum[tabindex="0"]').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await shows(page, 'tr.detail', 'helomx.example.com');
    await shows(page, '#held', 'go on');
    await page.keyboard.press('Escape');
    await expect.poll(() => page.locator('tr.detail').count()).toBe(0);
    client.destroy();
  });

  it('is dark where the system is, and fits on a phone', async () => {
    const client = await greeted(port);
    await mail(
      client,
      `${'very-long-local-part-'.repeat(3)}@${'sub.'.repeat(30)}example.com`,
      'bob@example.net',
    );
    const page = await open({ colorScheme: 'dark', viewport: { width: 360, height: 740 } });
    expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('dark');
    await expect.poll(() => rows(page)).toBeGreaterThan(0);
    await page.locator('#transaction-table tr.sum').first().click();
    await page.locator('#operate').click();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    // Nothing hangs over an edge either.
    const wide = await page.evaluate(
      `[...document.querySelectorAll('main *, header *')].filter((one) => {
        const { right, width } = one.getBoundingClientRect();
        return width > 0 && right > 361 && !one.closest('.hidden, thead, .plot, .skip');
      }).length`,
    );
    expect(wide).toBe(0);
    client.destroy();
  });

  it('shows only, until it has the token: then sessions end, and orders are carried out', async () => {
    const client = await greeted(port, 'to-be-ended.example');
    const page = await open();
    await shows(page, '#session-table tbody', 'to-be-ended.example');
    expect(await page.getByRole('button', { name: /^End session/ }).count()).toBe(0);
    expect(await page.locator('#orders').isVisible()).toBe(false);
    const refused = await page.evaluate("fetch('drain', { method: 'POST' }).then(({ status }) => status)");
    expect(refused).toBe(401);
    complaints = [];
    const give = async (token: string): Promise<void> => {
      await page.locator('#token').fill(token);
      await page.keyboard.press('Enter');
    };
    await page.keyboard.press('t');
    await give('wrong-horse-battery-staple');
    await shows(page, '#outcome', 'not the token');
    await give(TOKEN);
    await shows(page, '#outcome', 'is right');
    expect(await page.evaluate('JSON.stringify(localStorage) + document.cookie')).not.toContain('horse');
    const row = page.locator('#session-table tr', { hasText: 'to-be-ended.example' });
    // Its dialogue, as it goes on.
    await row.getByRole('button', { name: /^Follow session/ }).click();
    await shows(page, '#ladder-title', /^Session \w+/);
    await expect
      .poll(async () => {
        await client.command('VRFY <b>someone</b>');
        return page.locator('#ladder-lines').inputValue();
      })
      .toContain('VRFY <b>someone</b>');
    await page.keyboard.press('Escape');
    await row.getByRole('button', { name: /^End session/ }).click();
    expect(await client.reply()).toMatch(/^421 /);
    await client.closed();
    await expect.poll(() => row.count()).toBe(0);
    await page.locator('#reload').click();
    await shows(page, '#outcome', 'Reloaded');
    await page.locator('#drain').click();
    await shows(page, '#outcome', 'Draining');
    await page.locator('#undrain').click();
    await shows(page, '#outcome', 'are taken');
    await page.locator('#verbose-form button').click();
    await shows(page, '#outcome', 'are logged');
    // Another tab is another visit.
    const other = await page.context().newPage();
    await other.goto(page.url());
    expect(await other.evaluate('sessionStorage.length')).toBe(0);
    await page.locator('#forget').click();
    await expect.poll(() => page.locator('#orders').isVisible()).toBe(false);
  });

  it('says which process stands still, as long as it does', async () => {
    let isStuck = false;
    const answer = { kind: 'sessions', total: 0, states: {}, rows: [] } as const;
    const desks = [77, 78].map(
      (pid) => new FakeDesk(pid, () => (isStuck && pid === 78 ? new Promise(() => undefined) : answer)),
    );
    const rig = await AdminRig.start({ desks });
    const page = await open({}, rig.port);
    expect(await page.locator('#silent').isVisible()).toBe(false);
    isStuck = true;
    await shows(page, '#silent', /^Process 78 does not answer/);
    isStuck = false;
    await expect.poll(() => page.locator('#silent').isVisible()).toBe(false);
    await context?.close();
    await rig.stop();
  });

  it('a thousand transactions a second do not stop it, nor fill it', async () => {
    const rig = await AdminRig.start({ desks: [] });
    const page = await open({}, rig.port);
    await page.evaluate(`window.long = []; new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) long.push(duration);
    }).observe({ entryTypes: ['longtask'] });`);
    let number = 0;
    const flood = setInterval(() => {
      const now = Date.now();
      const mails = Array.from({ length: 250 }, () => {
        number++;
        const mail = mailEvent({ transaction: `T${number}`, from: `sender${number}@example.com` });
        return { time: now, session: `S${number}`, mail };
      });
      const counts = { connections: 250, turned_away: 0, accepted: 250, refused: 0, deferred: 0, lost: 0 };
      const second = { at: Math.floor(now / 1000), ...counts, bytes: 25_000, sessions: 100 };
      const named = {
        refused_by: { 'hook.rcpt': 3 },
        deferred_by: {},
        hooks: { rcpt: [20, 250] },
        next_hops: {},
      };
      rig.administration.live.take(rig, { second: { ...second, ...named }, mails, left_out: 0 });
    }, 250);
    await shows(page, '#transaction-count', /the last 1,000, [\d,]+ came too fast/);
    await page.locator('#more').click();
    await expect.poll(() => rows(page)).toBe(100);
    await page.locator('#search').fill(`sender${number}@`);
    await expect.poll(() => rows(page)).toBe(1);
    clearInterval(flood);
    expect(number).toBeGreaterThan(1000);
    // Its own work is a tenth of that; a machine that does other things makes it longer.
    expect(await page.evaluate('Math.max(0, ...long)')).toBeLessThan(1500);
    expect(await page.evaluate("document.querySelectorAll('*').length")).toBeLessThan(3000);
    await context?.close();
    await rig.stop();
  });

  it('says when the server has gone, and comes back with it', async () => {
    const page = await open();
    await service.program.stop();
    await shows(page, '#state', 'no connection');
    await shows(page, '#notice', 'Trying again');
    await start();
    await shows(page, '#state', 'live');
    await shows(page, '#notice', 'started again');
    const client = await greeted(port);
    await mail(client, 'after@restart.example', 'bob@example.net');
    await shows(page, '#transaction-table tbody', 'after@restart.example');
    expect(await rows(page)).toBe(1);
    client.destroy();
    complaints = [];
  });
});
