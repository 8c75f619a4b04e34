// The files of the page: each that there is, and no other; what a browser is told with them; and that no page of somebody else may ask here.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { foreignProblem } from '../../../src/admin/http-server.ts';
import { ownFiles } from '../../../src/admin/page-files.ts';
import { AdminRig, FakeDesk, TOKEN } from '../../fakes/admin-rig.ts';

const directory = join(import.meta.dirname, '../../../src/admin/page');
let rig: AdminRig | undefined;
afterEach(async () => {
  await rig?.stop();
  rig = undefined;
});

it('all files are there for everybody, wherever it listens, with their types and a policy without any script of others', async () => {
  rig = await AdminRig.start({ place: { kind: 'tcp', host: '0.0.0.0', port: 0 } });
  expect([...ownFiles].sort()).toEqual(readdirSync(directory).sort());
  for (const name of [...ownFiles, 'uPlot.iife.min.js', 'uPlot.min.css']) {
    const { headers, status, text } = await rig.ask('GET', `/page/${name}`);
    expect([name, status, text.length > 50]).toEqual([name, 200, true]);
    expect(headers['content-security-policy']).toMatch(/^default-src 'self'; /);
    expect(headers['content-security-policy']).not.toMatch(/unsafe|http|\*/);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(headers['content-type']).toMatch(
      { js: /^text\/javascript/, css: /^text\/css/, html: /^text\/html/, svg: /^image\/svg/ }[
        name.split('.').at(-1) ?? ''
      ] ?? /^$/,
    );
  }
  expect((await rig.ask('GET', '/')).text).toBe(readFileSync(join(directory, 'index.html'), 'utf8'));
  expect((await rig.ask('HEAD', '/')).status).toBe(200);
  for (const name of ['none.js', '..', '%2e%2e', 'main.js%00', '..%2fpage-files.ts', 'toString', ''])
    expect([name, (await rig.ask('GET', `/page/${name}`)).status]).toEqual([name, 404]);
});

it('what the page is made of names nobody else, makes no markup of texts and has no script in its markup', () => {
  for (const name of ownFiles) {
    const text = readFileSync(join(directory, name), 'utf8');
    expect([
      name,
      text.match(/(?:https?:)?\/\/[a-z0-9.-]+\.[a-z]{2,}/gi)?.filter((url) => !url.endsWith('www.w3.org')) ??
        [],
    ]).toEqual([name, []]);
    expect(text).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/);
    if (name.endsWith('.html')) expect(text).not.toMatch(/ on[a-z]+=| style=|<style|<script(?! src=)/);
    expect(text.split('\n').length, name).toBeLessThan(400);
  }
});

describe('a request that a browser makes', () => {
  const own = { host: '127.0.0.1:9101' };
  it.each([
    [{ ...own }, true],
    [{ ...own, 'sec-fetch-site': 'none' }, true],
    [{ ...own, 'sec-fetch-site': 'same-origin', origin: 'http://127.0.0.1:9101' }, true],
    [{ ...own, origin: 'http://127.0.0.1:9101' }, true],
    [{ ...own, 'sec-fetch-site': 'cross-site' }, false],
    [{ ...own, 'sec-fetch-site': 'same-site' }, false],
    [{ ...own, origin: 'http://evil.example' }, false],
    [{ ...own, origin: 'http://127.0.0.1:8080' }, false],
    [{ ...own, origin: 'null' }, false],
    // A name that its owner lets lead to this machine.
    [{ host: 'evil.example', 'sec-fetch-site': 'same-origin' }, false],
    [{ host: 'evil.example' }, true],
  ])('with %j may: %s', (headers, may) => {
    expect(foreignProblem(headers) === undefined).toBe(may);
  });

  it('of another page changes nothing, also through the socket, where no token is needed', async () => {
    rig = await AdminRig.start({
      desks: [new FakeDesk(7, () => ({ kind: 'done' }))],
      place: { kind: 'unix', path: '/x' },
    });
    const cross = { host: 'localhost:9101', origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' };
    expect((await rig.ask('POST', '/drain', cross)).status).toBe(403);
    expect((await rig.ask('GET', '/sessions', cross)).status).toBe(403);
    // A link leads there from anywhere.
    expect((await rig.ask('GET', '/', cross)).status).toBe(200);
    expect(rig.administration.draining).toBe(false);
    const same = { host: 'localhost:9101', origin: 'http://localhost:9101', 'sec-fetch-site': 'same-origin' };
    expect((await rig.ask('POST', '/drain', same)).status).toBe(200);
    expect((await rig.ask('GET', '/')).status).toBe(200);
    expect((await rig.ask('POST', '/undrain', { authorization: `Bearer ${TOKEN}` })).status).toBe(200);
  });
});
