// The web requests that were recorded from dovecot.http of Dovecot 2.3.19.1 (spec/vectors/dovecot.json), in the running engine against a
// server that answers as the one of the recording. Where ours is another answer, recorded-differences has it with the reason.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ScriptsRig, startScripts } from '../../../fakes/dovecot-scripts.ts';
import { recordedDifferences } from './recorded-differences.ts';
import { replayed } from './vector-rows.ts';

const cases = replayed.webCalls;

/** One connection: each request is answered as http_server of the file says. */
function answer(socket: Socket, flaky: Map<string, number>): void {
  let seen = '';
  socket.on('error', () => undefined);
  socket.setEncoding('latin1').on('data', (piece: string) => {
    seen += piece;
    const end = seen.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = seen.slice(0, end);
    const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
    if (seen.length < end + 4 + length) return;
    const body = seen.slice(end + 4, end + 4 + length);
    seen = seen.slice(end + 4 + length);
    const [, path = ''] = head.split(' ');
    const port = (socket.address() as AddressInfo).port;
    const say = (code: number, reason: string, text: string, ...headers: string[]): void => {
      const lines = [`HTTP/1.1 ${code} ${reason}`, `Content-Length: ${text.length}`, ...headers];
      socket.write(`${lines.join('\r\n')}\r\n\r\n${text}`, 'latin1');
    };
    const [, code = '', reason = ''] = /^\/s\/(\d+)\/([^?]*)/.exec(path) ?? [];
    if (code !== '') say(Number(code), reason.replaceAll('_', ' '), `body ${path.split('?', 1)[0]}`);
    else if (path.startsWith('/slow')) return;
    else if (path === '/204') socket.write('HTTP/1.1 204 No Content\r\n\r\n');
    else if (path === '/redir') say(302, 'Found', '', `Location: http://127.0.0.1:${port}/s/200/Target`);
    else if (path === '/redirrel') say(302, 'Found', '', 'Location: /s/200/Target');
    else if (path === '/redir303') say(303, 'See Other', '', `Location: http://127.0.0.1:${port}/echo`);
    else if (path === '/redir307')
      say(307, 'Temporary Redirect', '', `Location: http://127.0.0.1:${port}/echo`);
    else if (path === '/loop') say(302, 'Found', '', `Location: http://127.0.0.1:${port}/loop`);
    else if (path === '/close') socket.destroy();
    else if (path === '/garbage') socket.end('NOT HTTP AT ALL\r\n\r\n');
    else if (path === '/noreason') socket.write('HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n');
    else if (path === '/http10') socket.end('HTTP/1.0 200 Ok10\r\n\r\nbody10');
    else if (path === '/nolen') socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil close');
    else if (path === '/short') socket.end('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nonly this');
    else if (path.startsWith('/flaky')) {
      const times = (flaky.get(path) ?? 0) + 1;
      flaky.set(path, times);
      if (times % 3 === 0) say(200, 'OK', 'third');
      else socket.destroy();
    } else if (path.startsWith('/retry503')) say(503, 'Service Unavailable', 'later', 'Retry-After: 1');
    else if (path === '/no100') say(200, 'OK', 'x');
    else if (path.startsWith('/echo')) say(200, 'OK', `${head.replaceAll('\r\n', '\n')}\n\n${body}`);
    else say(404, 'Not Found', 'nf');
  });
}

let server: Server;
let rig: ScriptsRig;
let place = '';
let closed = '';
beforeAll(async () => {
  const flaky = new Map<string, number>();
  server = createServer((socket) => answer(socket, flaky)).listen(0, '127.0.0.1');
  const other = createServer().listen(0, '127.0.0.1');
  await Promise.all([once(server, 'listening'), once(other, 'listening')]);
  place = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  closed = `127.0.0.1:${(other.address() as AddressInfo).port}`;
  other.close();
  // As the recording: what is wrong, by where it was; or status, reason and content.
  const cut = cases.map(({ call, client, request }) => call ?? `${client}, ${request}`);
  const table = cut.map((call) => `function() return run(${call}) end`).join(',\n');
  const script = `
local function run(settings, about, setup)
  local ok, client = pcall(dovecot.http.client, settings)
  if not ok then return 'client error: ' .. client end
  local good, request = pcall(client.request, client, about)
  if not good then return 'request error: ' .. request end
  if setup then
    local fine, problem = pcall(setup, request)
    if not fine then return 'setup error: ' .. problem end
  end
  local response = request:submit()
  return response:status(), response:reason(), response:payload()
end
local cases = {
${table.replaceAll('CLOSEDPORT', closed).replaceAll('SERVER', place)}
}
function auth_password_verify(req, which)
  local a, b, c = cases[tonumber(which)]()
  return dovecot.auth.PASSDB_RESULT_OK, { a = tostring(a), b = b, c = c }
end`;
  const started = await startScripts({ 'script.lua': script }, { 'hook-time-limit': '30' });
  if ('problem' in started) throw new Error(started.problem);
  rig = started;
});
afterAll(() => {
  rig.close();
  server.close();
});

/** A request as the server saw it, whatever the order and the case of its headers; without the date, and what it is waited for. */
function seen(text: string): string {
  const [first = '', ...lines] = text.split('\n');
  const end = lines.indexOf('');
  if (!/ HTTP\/1\.1$/.test(first) || end < 0) return text;
  const headers = lines
    .slice(0, end)
    .map((line) => line.replace(/^[^:]*/, (name) => name.toLowerCase()).replace('Keep-Alive', 'keep-alive'))
    .filter((line) => !/^(?:date: DATE|date: \w{3}, \d\d \w{3} 20.*|expect: .*)$/.test(line));
  return [first, ...headers.sort(), ...lines.slice(end)].join('\n');
}

/** Without what varies: numbers in brackets behind a reason, places, times. */
function comparable(text: string, varies: boolean): string {
  const named = text.replaceAll(closed, 'CLOSEDPORT').replaceAll(place, 'SERVER');
  return (varies ? named.replace(/ \(.*\)$/s, '') : named).replace(/^script\.lua:\d+: /, '');
}

describe('dovecot.http as Dovecot has it', () => {
  it.each(cases.map((one, at) => [one.id, one, at + 1] as const))('%s', async (id, given, number) => {
    const answered = await rig.verify('u', String(number));
    if (answered.kind !== 'accepted') throw new Error(JSON.stringify([answered, rig.log.lines.at(-1)]));
    const { a = '', b = '', c = '' } = answered.fields ?? {};
    const varies = given.reason_varies === true;
    const shown =
      b === '' && /error: /.test(a)
        ? comparable(a, false).replace(/: script\.lua:\d+: /, ': ')
        : [Number(a), comparable(b, varies), seen(comparable(c, false))];
    const theirs =
      given.error !== undefined
        ? given.error.replace(/: script\.lua:\d+: /, ': ')
        : [given.status, comparable(given.reason ?? '', varies), seen(given.payload ?? '')];
    const difference = recordedDifferences[id];
    if (difference === undefined) expect(shown).toEqual(theirs);
    else {
      expect(shown).toEqual(difference.ours);
      expect(shown, `${id} is no difference any more`).not.toEqual(theirs);
    }
  });
});
