// `dovecot` in policies: doc/dovecot.md. One for each connection, loaded when it is named, whatever files and paths the policy has.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { checkPolicy } from '../../src/policy/check-policy.ts';
import { pageBlock } from '../fakes/page-block.ts';
import { WholeServer, type WholeServerSettings } from '../fakes/whole-server.ts';

let server: WholeServer | undefined;
let web: Server | undefined;
afterEach(async () => {
  await server?.stop();
  web?.close();
  web = undefined;
  server = undefined;
});

async function serve(policy: string, settings: WholeServerSettings = {}): Promise<WholeServer> {
  server = await WholeServer.start({ policy, ...settings });
  return server;
}

/** What NOOP is answered. */
async function noop(policy: string, settings: WholeServerSettings = {}): Promise<string> {
  await serve(policy, settings);
  const client = await (server as WholeServer).greeted();
  const reply = (await client.command('NOOP')).trimEnd();
  client.destroy();
  return reply;
}

const hook = (lua: string): string => `function hook.noop() ${lua} end`;
const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('dovecot in a policy', () => {
  it('runs the example of the page, with a script for Dovecot beside it', async () => {
    const users = `
local stored = { bob = '{SHA256}' .. dovecot.base64.encode(('\\43\\184\\13\\83\\123\\29\\163\\227\\139\\211\\3\\97\\170\\133\\86\\134\\189\\224\\234\\205\\113\\98\\254\\246\\162\\95\\233\\123\\245\\39\\162\\91')) }
function auth_passdb_lookup(req)
  req:log_info('asked from ' .. req.remote_ip)
  if not stored[req.username] or req.domain ~= 'example.com' then return dovecot.auth.PASSDB_RESULT_USER_UNKNOWN, '' end
  return dovecot.auth.PASSDB_RESULT_OK, { password = stored[req.username] }
end`;
    await serve(pageBlock('doc/dovecot.md', 'policy'), { files: { 'users.lua': users } });
    const rows = [
      ['Bob@example.com', 'secret', '235 2.7.0 welcome'],
      ['bob@example.com', 'Secret', '535 5.7.8 authentication failed'],
      ['eve@example.com', 'secret', '535 5.7.8 authentication failed'],
    ] as const;
    for (const [user, password, reply] of rows) {
      const client = await (server as WholeServer).greeted();
      await client.command('EHLO c.example');
      expect((await client.command(`AUTH PLAIN ${base64(`\0${user}\0${password}`)}`)).trimEnd()).toBe(reply);
      client.destroy();
    }
    const lines = server?.log.lines.map(({ message }) => message) ?? [];
    expect(lines).toContain('lua(bob@example.com): db-lua: asked from 127.0.0.1');
    expect(lines).toContain('wrong password for bob@example.com');
    expect(JSON.stringify(server?.log.lines)).not.toContain('ecret');
  });

  it('makes requests of fields by any of their names', async () => {
    const reply = await noop(
      hook(`local r = dovecot.auth.request { user = 'Bob@example.com', remote_ip = '192.0.2.1', local_port = 25, mech = 'PLAIN', mine = 'own' }
        local all = { r.rip, r.remote_ip, r.lport, r.real_local_port, r.mechanism, r.username, r.domain, r.original_user, r.orig_domain, r.service,
          r.protocol, r.mine, r:var_expand('%u %n %d %s') }
        local none = dovecot.auth.request {}
        return '250 2.0.0 ' .. table.concat(all, ' ') .. ' ' .. tostring(none.username) .. ' ' .. tostring(none.rip) .. ' ' .. type(none.passdb)`),
    );
    expect(reply).toBe(
      '250 2.0.0 192.0.2.1 192.0.2.1 25 25 PLAIN Bob example.com Bob@example.com example.com smtp smtp own ' +
        'Bob@example.com Bob example.com smtp nil nil table',
    );
  });

  it('logs with the id of the session, and has events, flags and base64', async () => {
    const reply = await noop(
      hook(`dovecot.event():set_name('policy_seen'):add_str('k', 'v'):append_log_prefix('p: '):log_warning('here')
        return '250 2.0.0 ' .. tostring(dovecot.has_flag(6, 2)) .. ' ' .. dovecot.base64.encode('ab') .. ' ' .. dovecot.base64.decode('Y Q=='):byte()`),
    );
    expect(reply).toBe('250 2.0.0 true YWI= 97');
    const line = server?.log.lines.find(({ message }) => message === 'p: here');
    expect(line).toMatchObject({ level: 'warning', fields: { event: 'policy_seen', k: 'v' } });
    expect(line?.fields).toHaveProperty('id');
  });

  it('is one for each connection', async () => {
    await serve(hook("dovecot.count = (dovecot.count or 0) + 1 return '250 2.0.0 ' .. dovecot.count"));
    const [a, b] = [await server?.greeted(), await server?.greeted()];
    expect(await a?.command('NOOP')).toBe('250 2.0.0 1\r\n');
    expect(await a?.command('NOOP')).toBe('250 2.0.0 2\r\n');
    expect(await b?.command('NOOP')).toBe('250 2.0.0 1\r\n');
    a?.destroy();
    b?.destroy();
  });

  it.each([
    ['another package.path', "package.path = '/nowhere/?.lua'", {}],
    ['a base64.lua of its own', '', { 'base64.lua': 'error("not this one")' }],
    ['no require', 'require = nil', {}],
  ])('is there with %s', async (_what, first, files) => {
    expect(
      await noop(`${first}\n${hook("return '250 2.0.0 ' .. dovecot.base64.encode('ab')")}`, { files }),
    ).toBe('250 2.0.0 YWI=');
  });

  it('is what the policy makes of the name', async () => {
    expect(
      await noop(`dovecot = { mine = true }\n${hook("return '250 2.0.0 ' .. tostring(dovecot.mine)")}`),
    ).toBe('250 2.0.0 true');
    await server?.stop();
    expect(await noop(hook("dovecot = nil return '250 2.0.0 ' .. type(dovecot)"))).toMatch(
      /^250 2\.0\.0 (?:nil|table)$/,
    );
  });

  it('asks web servers as http-allow-reserved says, and waits without holding others up', async () => {
    let answer = (): void => undefined;
    web = createServer((_request, response) => {
      answer = () => response.end('here');
    }).listen(0, '127.0.0.1');
    await once(web, 'listening');
    const url = `http://127.0.0.1:${(web.address() as AddressInfo).port}/`;
    const asks =
      hook(`local r = dovecot.http.client { request_timeout_msecs = 5000 }:request { url = '${url}' }:submit()
      return '250 2.0.0 ' .. r:status() .. ' ' .. r:payload() .. r:reason():sub(1, 7)`);
    expect(await noop(asks)).toMatch(/^250 2\.0\.0 9003 connect/);
    await server?.stop();
    await serve(asks, { options: { 'http-allow-reserved': '127.0.0.1' } });
    const [a, b] = [await server?.greeted(), await server?.greeted()];
    const asked = once(web, 'request');
    const first = a?.command('NOOP');
    await asked;
    expect(await b?.command('RSET')).toMatch(/^250 /);
    answer();
    expect(await first).toBe('250 2.0.0 200 hereOK\r\n');
    a?.destroy();
    b?.destroy();
  });

  it('says that an event was never logged, at the end of the hook', async () => {
    await noop(hook("dovecot.event():passthrough_event() return '250 2.0.0 ok'"));
    expect(server?.log.lines).toContainEqual(
      expect.objectContaining({ level: 'err', message: expect.stringMatching(/^Passthrough event leaked/) }),
    );
  });

  it('costs a connection that does not name it nothing', async () => {
    await serve(hook("return '250 2.0.0 ' .. tostring(rawget(_G, 'dovecot'))"));
    const client = await server?.greeted();
    expect(await client?.command('NOOP')).toBe('250 2.0.0 nil\r\n');
    client?.destroy();
  });

  it('is known to check', async () => {
    const policy = hook(
      `dovecot.i_infos('x') dovecot.http.clients {} if dovecot.auth.PASSDB_RESULT_O then return dovecto end`,
    );
    await serve(policy);
    const files = await checkPolicy(
      (server as WholeServer).app.place(`${(server as WholeServer).directory}/policy.lua`),
    );
    const mistakes = files.flatMap((file) => [...file.refused, ...file.findings.mistakes]);
    expect(mistakes.map((text) => text.replace(/^.*policy\.lua:\d+:\d+: /, ''))).toEqual([
      'there is no dovecot.i_infos; did you mean dovecot.i_info?',
      'there is no dovecot.http.clients; did you mean dovecot.http.client?',
      "there is no variable 'dovecto'; did you mean 'dovecot'?",
    ]);
  });
});
