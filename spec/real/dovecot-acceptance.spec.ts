// What scripts that people run with Dovecot call, a script of our own for each of them, in the real engine against a real web server. Those
// for mailboxes and push notification have tables of their own.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ScriptsRig, startScripts } from '../fakes/dovecot-scripts.ts';

interface Row {
  /** What people run. */
  readonly name: string;
  /** `WEB` stands for the server. */
  readonly script: string;
  readonly options?: Readonly<Record<string, string>>;
  /** User, password, and what comes of it: the kind, or the kind and fields. */
  readonly logIns: readonly (readonly [
    user: string,
    password: string,
    answer: string,
    fields?: Readonly<Record<string, string>>,
  ])[];
  readonly recipients?: readonly (readonly [address: string, kind: string])[];
  /** In the log. */
  readonly says?: RegExp;
}

/** What the server makes of the password that it is shown, wherever that stands. */
function passwordIn(request: IncomingMessage, body: string): string {
  const { authorization = '', 'auth-pass': shown, 'x-api-key': key } = request.headers;
  if (authorization !== '')
    return Buffer.from(authorization.slice(6), 'base64')
      .toString('latin1')
      .replace(/^[^:]*:/, '');
  return String(shown ?? key ?? /"password": *"([^"]*)"/.exec(body)?.[1] ?? '');
}

const rows: readonly Row[] = [
  {
    name: 'docker-mailserver: Basic credentials, fields as text',
    script: `
      local base64 = require('base64')
      local client = dovecot.http.client({ timeout = 1000; max_attempts = 1; debug = false; })
      function script_init() return 0 end
      function script_deinit() end
      function auth_passdb_lookup(req)
        local r = client:request({ url = 'WEB/dav', method = 'PROPFIND' })
        r:add_header('Authorization', 'Basic ' .. base64.encode(req.user .. ':' .. req.password))
        r:add_header('X-Forwarded-For', req.remote_ip)
        local response = r:submit()
        if response:status() == 200 then return dovecot.auth.PASSDB_RESULT_OK, 'nopassword=y' end
        if response:status() == 401 then return dovecot.auth.PASSDB_RESULT_PASSWORD_MISMATCH, '' end
        return dovecot.auth.PASSDB_RESULT_INTERNAL_FAILURE, response:status() .. ' ' .. response:reason()
      end`,
    logIns: [
      ['bob@example.test', 'good pass', 'accepted'],
      ['bob@example.test', 'bad', 'mismatch'],
      ['bob@example.test', 'other', 'unavailable'],
    ],
    says: /db-lua: 500 Internal Server Error/,
  },
  {
    name: 'Mailu: many headers, an answer by header, fields for a proxy',
    script: `
      local http_client = dovecot.http.client { timeout = 2000, max_attempts = 3 }
      function auth_passdb_lookup(req)
        local auth_request = http_client:request { url = 'WEB/internal/auth/email' }
        auth_request:add_header('Auth-Port', req.local_port)
        auth_request:add_header('Auth-User', req.user)
        if req.password ~= nil then auth_request:add_header('Auth-Pass', req.password) end
        auth_request:add_header('Auth-Protocol', req.service)
        auth_request:add_header('Client-IP', req.remote_ip)
        auth_request:add_header('Client-Port', req.remote_port)
        auth_request:add_header('Auth-SSL', req.secured)
        auth_request:add_header('Auth-Method', req.mechanism)
        local auth_response = auth_request:submit()
        local code, reason = auth_response:status(), auth_response:reason()
        if code ~= 200 then return dovecot.auth.PASSDB_RESULT_INTERNAL_FAILURE, code .. reason end
        if auth_response:header('Auth-Status') ~= 'OK' then return dovecot.auth.PASSDB_RESULT_USER_UNKNOWN, '' end
        if req.mechanism == 'LOGIN' then return dovecot.auth.PASSDB_RESULT_OK, { proxy = 'y', host = auth_response:header('Auth-Server'), nopassword = 'Y' } end
        return dovecot.auth.PASSDB_RESULT_OK, 'nopassword=y proxy=y host=' .. auth_response:header('Auth-Server') .. ' proxy_noauth=y'
      end`,
    logIns: [
      ['bob@example.test', 'good', 'accepted', { host: '192.0.2.1' }],
      ['bob@example.test', 'bad', 'unavailable'],
      ['bob@example.test', 'no', 'unknown'],
    ],
    says: /field proxy has no effect/,
  },
  {
    name: 'userli: the web in script_init, json, os.getenv, facts about users',
    script: `
      local json = require('json')
      local env_userli_token = os.getenv('USERLI_API_TOKEN') or 'none'
      local client
      function script_init()
        client = dovecot.http.client({ request_timeout_msecs = 5000, max_attempts = 1, user_agent = 'lua' })
        local r = client:request({ url = 'WEB/status', method = 'GET' })
        r:add_header('Authorization', 'Bearer ' .. env_userli_token)
        local response = r:submit()
        if response:status() == 200 then return 0 end
        dovecot.i_error('userli is not there: ' .. response:status())
        return 1
      end
      function auth_password_verify(req, password)
        local r = client:request({ url = 'WEB/json', method = 'POST' })
        r:add_header('Content-Type', 'application/json')
        r:set_payload(json.encode({ email = req.user, password = password }))
        local response = r:submit()
        local code = math.tointeger(response:status())
        if code == 200 then
          local data = json.decode(response:payload())
          return dovecot.auth.PASSDB_RESULT_OK, { user = data.user, userdb_quota = data.quota, original = req.original_user }
        end
        req:log_warning('verify failed: ' .. code)
        if code == 401 then return dovecot.auth.PASSDB_RESULT_PASSWORD_MISMATCH, '' end
        return dovecot.auth.PASSDB_RESULT_INTERNAL_FAILURE, ''
      end
      function auth_userdb_lookup(req)
        local r = client:request({ url = 'WEB/user/' .. req.user, method = 'GET' })
        local response = r:submit()
        if response:status() == 404 then return dovecot.auth.USERDB_RESULT_USER_UNKNOWN, '' end
        if response:status() ~= 200 then return dovecot.auth.USERDB_RESULT_INTERNAL_FAILURE, '' end
        return dovecot.auth.USERDB_RESULT_OK, { home = '/var/vmail/' .. req.user, uid = 5000, gid = 5000 }
      end`,
    logIns: [
      ['Bob@example.test', 'good', 'accepted', { original: 'Bob@example.test' }],
      ['bob@example.test', 'bad', 'mismatch'],
    ],
    recipients: [
      ['bob@example.test', 'known'],
      ['nobody@example.test', 'unknown'],
      ['broken@example.test', 'unavailable'],
    ],
    says: /db-lua: verify failed: 401/,
  },
  {
    name: 'mailcow: ssl.https, ltn12, cjson; a failure of the network is a text',
    script: `
      function auth_password_verify(request, password)
        if request.domain == nil then return dovecot.auth.PASSDB_RESULT_USER_UNKNOWN, 'No such user' end
        local json, ltn12, https = require 'cjson', require 'ltn12', require 'socket.http'
        require 'ssl.https'.TIMEOUT = 30
        local req_json = json.encode { username = request.user, password = password, real_rip = request.real_rip, service = request.service }
        local res = {}
        local b, c = https.request {
          method = 'POST', url = (request.username == 'down' and 'CLOSED' or 'WEB') .. '/json', source = ltn12.source.string(req_json),
          headers = { ['content-type'] = 'application/json', ['content-length'] = tostring(#req_json) },
          sink = ltn12.sink.table(res), insecure = true,
        }
        if c ~= 200 and c ~= 401 then
          dovecot.i_info('HTTP request failed with ' .. tostring(c) .. ' for user ' .. request.user)
          return dovecot.auth.PASSDB_RESULT_INTERNAL_FAILURE, 'Upstream error'
        end
        local response_json = json.decode(table.concat(res))
        if response_json.success == true then return dovecot.auth.PASSDB_RESULT_OK, { msg = '' } end
        return dovecot.auth.PASSDB_RESULT_PASSWORD_MISMATCH, 'Failed to authenticate'
      end
      function auth_passdb_lookup(req) return dovecot.auth.PASSDB_RESULT_USER_UNKNOWN, '' end`,
    logIns: [
      ['bob@example.test', 'good', 'accepted'],
      ['bob@example.test', 'bad', 'mismatch'],
      ['bob', 'good', 'unknown'],
      ['down@example.test', 'good', 'unavailable'],
    ],
    says: /HTTP request failed with connection refused for user down@example\.test/,
  },
  {
    name: 'nauthilus with 2.4: names of settings, Auth-User, a table of fields, iteration',
    script: `
      local http_client = dovecot.http.client { request_timeout = '5s', request_max_attempts = 2, auto_retry = true, connect_timeout = '500ms' }
      function auth_passdb_lookup(request)
        local r = http_client:request { url = 'WEB/internal/auth/email', method = 'GET' }
        r:add_header('Auth-User', request.user)
        r:add_header('Auth-Pass', request.password)
        r:add_header('Auth-Protocol', request.protocol)
        r:add_header('Auth-Method', request.mechanism)
        r:add_header('Client-IP', request.remote_ip)
        local resp = r:submit()
        if resp:status() == 200 and resp:header('auth-status') == 'OK' then
          return dovecot.auth.PASSDB_RESULT_OK, { user = resp:header('Auth-User'), nopassword = 'y', userdb_mail = 'maildir:~/x' }
        end
        if resp:status() >= 500 then return dovecot.auth.PASSDB_RESULT_INTERNAL_FAILURE, resp:reason() end
        return dovecot.auth.PASSDB_RESULT_PASSWORD_MISMATCH, 'no'
      end
      function auth_userdb_lookup(request)
        if request.user ~= 'bob@example.test' then return dovecot.auth.USERDB_RESULT_USER_UNKNOWN, 'no' end
        return dovecot.auth.USERDB_RESULT_OK, { uid = 1 }
      end
      function auth_userdb_iterate() return { 'bob@example.test' } end`,
    logIns: [
      ['bob@example.test', 'good', 'accepted'],
      ['bob@example.test', 'no', 'mismatch'],
    ],
    recipients: [['bob@example.test', 'known']],
  },
  {
    name: 'Norbelys with 2.4: script_init with settings, numbers of milliseconds, pcall',
    script: `
      local config
      function script_init(settings) config = settings end
      function auth_password_verify(req, password)
        if req.service ~= 'smtp' then return dovecot.auth.PASSDB_RESULT_NEXT, nil end
        local ok, code, user = pcall(function()
          local client = dovecot.http.client {
            request_timeout = 5000, connect_timeout = 2000, auto_redirect = false, auto_retry = false, ssl_client_require_valid_cert = true,
          }
          local r = client:request { url = config.url .. '/key', method = 'POST' }
          r:add_header('X-API-Key', password)
          r:set_payload('')
          local response = r:submit()
          return response:status(), response:header('Auth-User')
        end)
        if not ok then return dovecot.auth.PASSDB_RESULT_INTERNAL_FAILURE, 'call failed' end
        if code == 200 then return dovecot.auth.PASSDB_RESULT_OK, { user = user } end
        return dovecot.auth.PASSDB_RESULT_PASSWORD_MISMATCH, 'bad key'
      end`,
    options: { 'auth-script-settings': 'url=WEB' },
    logIns: [
      ['apikey', 'good', 'accepted'],
      ['apikey', 'bad', 'mismatch'],
      ['apikey', 'moved', 'mismatch'],
    ],
  },
  {
    name: 'SCIM: "password=" and what was given, as text; dkjson',
    script: `
      local http, ltn12, json = require 'socket.http', require 'ltn12', require 'dkjson'
      local function ask(user, password)
        local sink = {}
        local _, code = http.request { url = 'WEB/json', method = 'POST', source = ltn12.source.string(json.encode({ username = user, password = password })),
          headers = { ['Content-Length'] = #json.encode({ username = user, password = password }) }, sink = ltn12.sink.table(sink) }
        return code, json.decode(table.concat(sink), 1, nil)
      end
      function auth_passdb_lookup(req)
        local code = ask(req.user, req.password)
        req:log_debug('answer ' .. tostring(code))
        if code == 200 then return dovecot.auth.PASSDB_RESULT_OK, 'password=' .. req.password end
        return dovecot.auth.PASSDB_RESULT_USER_UNKNOWN, 'no such user'
      end
      function auth_userdb_lookup(req) return dovecot.auth.USERDB_RESULT_OK, 'uid=vmail gid=vmail home=/var/mail/' .. req.username end`,
    logIns: [
      ['bob', 'good', 'accepted'],
      ['bob', 'bad', 'unknown'],
      // As there: a text of fields is split at blanks.
      ['bob', 'good pass', 'mismatch'],
    ],
    recipients: [['anybody', 'known']],
  },
  {
    name: 'Hermes and SUNET: a database by a library in C',
    script: `
      function auth_password_verify(req, password)
        local ok, driver = pcall(require, 'luasql.mysql')
        if not ok then return dovecot.auth.PASSDB_RESULT_INTERNAL_FAILURE, driver end
        local handle = io.popen('true')
        handle:close()
        return dovecot.auth.PASSDB_RESULT_OK, ''
      end`,
    logIns: [['bob', 'x', 'unavailable']],
    says: /C modules cannot be loaded; luasql\.mysql is one: no database is reached by it/,
  },
  {
    name: 'chatmail doveauth: io.popen and os.execute',
    script: `
      local function escape(data) return "'" .. data:gsub("'", "'\\\\''") .. "'" end
      function auth_password_verify(req, password)
        local command = 'printf %s ' .. escape(password)
        local handle = io.popen(command)
        local result = handle:read('*a')
        handle:close()
        if os.execute('exit 3') == true then return dovecot.auth.PASSDB_RESULT_INTERNAL_FAILURE, '' end
        if result ~= 'it\\'s good' then return dovecot.auth.PASSDB_RESULT_PASSWORD_MISMATCH, '' end
        return dovecot.auth.PASSDB_RESULT_OK, { home = '/home/vmail/' .. req.user, uid = 'vmail', gid = 'vmail' }
      end
      function auth_userdb_lookup(req)
        local handle = io.popen('test ' .. escape(req.user) .. ' = bob@example.test && echo found')
        local found = handle:read('*l')
        handle:close()
        if found then return dovecot.auth.USERDB_RESULT_OK, { home = '/home/vmail/' .. req.user } end
        return dovecot.auth.USERDB_RESULT_USER_UNKNOWN, 'no such user'
      end`,
    logIns: [
      ['bob@example.test', "it's good", 'accepted', { home: '/home/vmail/bob@example.test' }],
      ['bob@example.test', "'; echo it's good", 'mismatch'],
    ],
    recipients: [
      ['bob@example.test', 'known'],
      ['eve@example.test', 'unknown'],
    ],
  },
];

let web: Server;
let place = '';
let closed = '';
beforeAll(async () => {
  web = createServer((request, response) => {
    let body = '';
    request.on('data', (piece: Buffer) => {
      body += piece.toString('latin1');
    });
    request.on('end', () => {
      const { url = '' } = request;
      const password = passwordIn(request, body);
      const good = password.startsWith('good');
      if (url === '/status') response.end();
      else if (url.startsWith('/user/'))
        response.writeHead(url.includes('nobody') ? 404 : url.includes('broken') ? 500 : 200).end();
      else if (password === 'other') response.writeHead(500).end();
      else if (password === 'moved') response.writeHead(302, { Location: '/status' }).end();
      else if (url === '/json')
        response
          .writeHead(good ? 200 : 401)
          .end(JSON.stringify({ success: good, user: 'bob@example.test', quota: 1 }));
      else if (url.startsWith('/internal/')) {
        const status = {
          'Auth-Status': good ? 'OK' : 'no',
          'Auth-Server': '192.0.2.1',
          'Auth-User': String(request.headers['auth-user']),
        };
        response.writeHead(password === 'bad' ? 403 : 200, status).end();
      } else response.writeHead(good ? 200 : 401, { 'Auth-User': 'key-owner' }).end();
    });
  }).listen(0, '127.0.0.1');
  const other = createServer().listen(0, '127.0.0.1');
  await Promise.all([once(web, 'listening'), once(other, 'listening')]);
  place = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
  closed = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  other.close();
});
afterAll(() => {
  web.closeAllConnections();
  web.close();
});
let rig: ScriptsRig | undefined;
afterEach(() => {
  rig?.close();
  rig = undefined;
});

const put = (text: string): string => text.replaceAll('WEB', place).replaceAll('CLOSED', closed);

describe('calls of scripts that people run', () => {
  it.each(rows.map((row) => [row.name, row] as const))(
    '%s',
    async (_name, { script, options = {}, logIns, recipients = [], says }) => {
      const given = Object.fromEntries(Object.entries(options).map(([name, text]) => [name, put(text)]));
      const started = await startScripts({ 'auth.lua': put(script) }, { 'hook-time-limit': '20', ...given });
      if ('problem' in started) throw new Error(started.problem);
      rig = started;
      for (const [user, password, wanted, fields] of logIns) {
        const answer = await started.verify(user, password);
        const kind = answer.kind === 'refused' ? answer.why : answer.kind;
        const last = started.log.lines.at(-1)?.message;
        expect({ user, password, kind, last }).toEqual({ user, password, kind: wanted, last });
        if (fields !== undefined) expect(answer).toMatchObject({ fields });
      }
      for (const [address, kind] of recipients)
        expect([address, (await started.look(address)).kind]).toEqual([address, kind]);
      const said = started.log.lines.map(({ message }) => message).join('\n');
      if (says !== undefined) expect(said).toMatch(says);
      expect(said).not.toMatch(/good pass|it's good/);
    },
  );
});
