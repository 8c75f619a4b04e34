// That every row that was recorded from Dovecot is replayed, or stands in a list with the reason; and those rows that are whole scripts about
// the web: dovecot.http as a script uses it, and the log-in by a web server of docker-mailserver's page.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ScriptsRig, startScripts } from '../../../fakes/dovecot-scripts.ts';
import {
  basicLogIns,
  brokenScripts,
  logIns,
  notReplayed,
  userLookUps,
  vectorRows,
  vectorScripts,
  webCalls,
  webScripts,
} from './vector-rows.ts';

describe('the rows that were recorded', () => {
  const replayed = [logIns, userLookUps, brokenScripts, webCalls, webScripts, basicLogIns].flat();

  it('are replayed once, or listed by group with the reason', () => {
    const ids = replayed.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const left: Record<string, number> = {};
    for (const { id, group } of vectorRows) if (!ids.includes(id)) left[group] = (left[group] ?? 0) + 1;
    for (const [group, rows] of Object.entries(left))
      expect([group, rows]).toEqual([group, notReplayed[group]?.rows]);
  });

  it('are counted', () => {
    expect([logIns, userLookUps].map(({ length }) => length)).toEqual([84, 13]);
    expect([brokenScripts, webCalls, webScripts, basicLogIns].map(({ length }) => length)).toEqual([
      5, 50, 3, 6,
    ]);
  });
});

let web: Server;
let place = '';
const saw: string[][] = [];
beforeAll(async () => {
  web = createServer((request, response) => {
    const { url = '' } = request;
    const [, code = '', reason = ''] = /^\/s\/(\d+)\/(.*)/.exec(url) ?? [];
    saw.push([
      `${request.method} ${url} HTTP/1.1`,
      ...['authorization', 'x-forwarded-for'].map((name) => `${name}: ${request.headers[name]}`),
    ]);
    if (code !== '') response.writeHead(Number(code), reason).end();
    else if (url === '/basic') {
      const [, password = ''] = Buffer.from(String(request.headers.authorization).slice(6), 'base64')
        .toString()
        .split(':');
      response.writeHead({ good: 207, bad: 401 }[password] ?? 500).end();
    } else {
      request.socket.write(
        'HTTP/1.1 200 OK\r\nX-Dup: one\r\nx-dup: two\r\nX-Empty:\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n\r\nbin\0\xff',
        'latin1',
      );
    }
  }).listen(0, '127.0.0.1');
  await once(web, 'listening');
  place = `127.0.0.1:${(web.address() as AddressInfo).port}`;
});
afterAll(() => {
  web.closeAllConnections();
  web.close();
});

async function started(script: string): Promise<ScriptsRig> {
  const rig = await startScripts({ 'script.lua': script.replaceAll('SERVER', place) });
  if ('problem' in rig) throw new Error(rig.problem);
  return rig;
}

/** Where ours says something else, and why. */
const ours: Readonly<Record<string, { readonly lines: readonly string[]; readonly why: string }>> = {
  'http/hdr-crlf': {
    lines: ['info: hdr-crlf setup error: header value must not contain CR, LF or NUL'],
    why: 'the process of the original dies of it',
  },
};

/** What our HTTP client does not take: a field that goes on in the next line (RFC 9112 section 5.2 is about old servers). */
const folded = /^info: header X-FOLD = /;

it.each(webScripts.map((row) => [row.id, row] as const))('%s', async (id, row) => {
  const rig = await started(vectorScripts[row.script ?? ''] ?? '');
  try {
    expect((await rig.verify('u', 'x')).kind).toBe('accepted');
    const said = rig.log.lines.map(({ level, message }) => `${level}: ${message}`);
    const theirs = ours[id]?.lines ?? row.log ?? [];
    // The content was shown up to its NUL, and a call at the very end of a function leaves no line here.
    const shown = (lines: readonly string[]): readonly string[] =>
      lines
        .filter((line) => !folded.test(line))
        .map((line) => line.replace(/bin\0\xff$/, '').replace(/script\.lua:\d+: /, ''));
    expect(shown(said)).toEqual(shown(theirs));
  } finally {
    rig.close();
  }
});

describe('a log-in by a web server', () => {
  let rig: ScriptsRig;
  beforeAll(async () => {
    rig = await started(`
local base64 = require('base64')
local client = dovecot.http.client({ timeout = 1000, max_attempts = 1 })
function auth_passdb_lookup(req)
  local r = client:request({ url = 'http://SERVER/basic', method = 'PROPFIND' })
  r:add_header('Authorization', 'Basic ' .. base64.encode(req.user .. ':' .. req.password))
  r:add_header('X-Forwarded-For', req.remote_ip)
  local status = r:submit():status()
  if status == 207 then return dovecot.auth.PASSDB_RESULT_OK, 'nopassword=y' end
  if status == 401 then return dovecot.auth.PASSDB_RESULT_PASSWORD_MISMATCH, '' end
  return dovecot.auth.PASSDB_RESULT_INTERNAL_FAILURE, tostring(status)
end`);
  });
  afterAll(() => rig.close());

  it.each(basicLogIns.map((row) => [row.id, row] as const))('%s', async (_id, row) => {
    const { request = {}, reply, server_saw: theirs = [] } = row;
    const [from, lines] = [saw.length, rig.log.lines.length];
    const { rip = '' } = request;
    const answer = await rig.verify(request.user ?? '', request.password ?? '', {
      address: rip,
      realAddress: rip,
    });
    const kinds = { OK: ['accepted'], FAIL: ['refused', 'unknown'] }[reply?.result ?? ''] ?? [];
    expect(reply?.fields.code === 'temp_fail' ? ['unavailable'] : kinds).toContain(answer.kind);
    const wanted = theirs.map((one) =>
      one
        .filter((line) => !/^(?:Host|Date|Connection): /.test(line))
        .map((line) =>
          line.replace(/^[^:]*:/, (name) => (line.startsWith('PROPFIND') ? name : name.toLowerCase())),
        ),
    );
    expect(saw.slice(from)).toEqual(wanted);
    if (reply?.fields.code === 'temp_fail')
      expect(
        rig.log.lines
          .slice(lines)
          .map(({ message }) => message)
          .join(),
      ).toMatch(/bad argument #2 to 'add_header' \(string expected, got nil\)/);
  });
});
