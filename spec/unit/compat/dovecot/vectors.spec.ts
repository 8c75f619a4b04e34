// The rows that are whole scripts about the web: dovecot.http as a script uses it, and the log-in by a web server of docker-mailserver's page. Where
// ours is another answer, recorded-differences has it with the reason.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ScriptsRig, startScripts } from '../../../fakes/dovecot-scripts.ts';
import { recordedDifferences } from './recorded-differences.ts';
import { replayed, requestOf, vectorScripts } from './vector-rows.ts';

const { basicLogIns, webScripts } = replayed;

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
        'HTTP/1.1 200 OK\r\nX-Dup: one\r\nx-dup: two\r\nX-Fold: a\r\n b\r\nX-Empty:\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n\r\n\0bin\xff',
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

it.each(webScripts.map((row) => [row.id, row] as const))('%s', async (id, row) => {
  const rig = await started(vectorScripts[row.script ?? ''] ?? '');
  try {
    expect((await rig.verify('u', 'a long password')).kind).toBe('accepted');
    const said = rig.log.lines.map(({ level, message }) => `${level}: ${message}`);
    const { changes = [], ours } = recordedDifferences[id] ?? {};
    const change = (line: string): string =>
      changes.reduce((text, [from, to]) => text.replace(from, to), line);
    for (const [from] of changes)
      expect(
        (row.log ?? []).some((line) => line.search(from) >= 0),
        `${from} is not there any more`,
      ).toBe(true);
    expect(said).toEqual(ours ?? (row.log ?? []).map(change));
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
    const { reply, server_saw: theirs = [] } = row;
    const request = requestOf(row);
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
