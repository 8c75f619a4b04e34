// The options of smtp.sendfile and smtp.sendstring: what goes on the wire, what is nobody's business there, and what an author may write wrongly.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { type HopScript, NextHop } from '../../../src/bench/ports/next-hop.ts';
import type { LuaResults, Suspension } from '../../../src/lua-api/function-spec.ts';
import type { LuaValue } from '../../../src/lua-api/value.ts';
import { SpoolStore } from '../../../src/message/spool.ts';
import { createSmtpModule } from '../../../src/modules/smtp.ts';
import { createOptions } from '../../../src/options/option-set.ts';
import { fakeCallContext } from '../../fakes/call-context.ts';
import { callModule } from '../../fakes/call-module.ts';
import { testCertificate, testKey } from '../../fakes/certificates.ts';
import { digestOf } from '../../fakes/made-certificates.ts';
import { bench } from '../smtp/client/support.ts';

const directory = mkdtempSync(join(tmpdir(), 'smtpe-send-options-'));
afterAll(() => rmSync(directory, { recursive: true }));
const theirs = join(directory, 'theirs');
writeFileSync(theirs, 'secret of the process\n');
const given = join(directory, 'given');
writeFileSync(given, 'secret of the policy\n');

const hops: NextHop[] = [];
const it_ = bench();
afterEach(async () => {
  for (const one of hops.splice(0)) await one.close();
});
async function hop(script: HopScript = {}): Promise<NextHop> {
  const started = await NextHop.start(script);
  hops.push(started);
  return started;
}

/** From Lua a table comes as a Map. */
const list = (...items: readonly LuaValue[]): LuaValue => new Map(items.map((item, i) => [i + 1, item]));
const fields = (record: Readonly<Record<string, LuaValue>>): LuaValue => new Map(Object.entries(record));

const options = createOptions({
  'smtp-forward-tls': 'off',
  'smtp-forward-connections': '0',
  'smtp-forward-user': 'process',
  'smtp-forward-password-file': theirs,
  'smtp-forward-xclient': '+',
  'smtp-forward-proxy': 'v1',
});
function send(
  host: string,
  wishes: LuaValue,
  rcpts: readonly string[] = ['a@x.example', 'b@x.example'],
): Promise<LuaResults> {
  const module = createSmtpModule({ mailer: it_.client, spool: new SpoolStore() });
  const context = fakeCallContext(undefined, options);
  const called = callModule(
    module,
    'sendstring',
    context,
    list(host),
    's@x.example',
    list(...rcpts),
    'x',
    wishes,
  );
  return (called as Suspension).done;
}

const ehlo = (words: string): string =>
  `250-sink\r\n250-AUTH PLAIN\r\n250-XCLIENT NAME ADDR\r\n250 ${words}\r\n`;

describe('DSN', () => {
  const wishes = fields({
    ret: 'hdrs',
    envid: 'a b+c=\xe4',
    rcpt: list(
      fields({ notify: 'success,failure', orcpt: 'rfc822;Bob+x@x.example' }),
      fields({ notify: 'NEVER' }),
    ),
  });

  it('is passed on where it is offered, in xtext', async () => {
    const sink = await hop({ ehlo: ehlo('DSN') });
    expect((await send(sink.target, wishes))[0]).toBe(true);
    const [mail = '', ...rcpt] = sink.commands.filter((line) => /^(MAIL|RCPT)/.test(line));
    expect(mail.split(' ').slice(1).sort()).toEqual([
      'ENVID=a+20b+2Bc+3D+E4',
      'FROM:<s@x.example>',
      'RET=HDRS',
    ]);
    expect(rcpt.map((line) => line.split(' ').slice(1).sort())).toEqual([
      ['NOTIFY=SUCCESS,FAILURE', 'ORCPT=rfc822;Bob+2Bx@x.example', 'TO:<a@x.example>'],
      ['NOTIFY=NEVER', 'TO:<b@x.example>'],
    ]);
  });

  it('is dropped where it is not', async () => {
    const sink = await hop({ ehlo: ehlo('SIZE') });
    expect((await send(sink.target, wishes))[0]).toBe(true);
    expect(sink.commands.join()).not.toMatch(/RET=|ENVID|NOTIFY|ORCPT/);
  });
});

describe('log-in and TLS', () => {
  const auth = (): ((line: string) => string) => () => '235 ok\r\n';

  it('nothing of the process is told to a host that a policy names', async () => {
    for (const wishes of [undefined, fields({}), fields({ tls: 'may' })]) {
      const sink = await hop({ ehlo: ehlo('SIZE'), auth });
      expect((await send(sink.target, wishes))[0]).toBe(true);
      expect(sink.commands[0]).toMatch(/^EHLO/);
      expect(sink.commands.join()).not.toMatch(/AUTH|XCLIENT|PROXY/);
    }
  });

  it('logs in with what is given', async () => {
    const sink = await hop({ ehlo: ehlo('SIZE'), auth });
    expect((await send(sink.target, fields({ user: 'me', password_file: given })))[0]).toBe(true);
    const line = sink.commands.find((one) => one.startsWith('AUTH PLAIN ')) ?? '';
    expect(Buffer.from(line.slice(11), 'base64').toString()).toBe('\0me\0secret of the policy');
    expect(sink.commands.join()).not.toMatch(/XCLIENT|PROXY/);
  });

  it('checks the certificate as asked, and says so', async () => {
    const script: HopScript = { tls: { key: testKey, cert: testCertificate, implicit: true } };
    const pin = `sha256:${digestOf(testCertificate, 1)}`;
    const good = await hop(script);
    const last = (await send(`${good.target}/tls`, fields({ tls: 'pin', tls_pin: pin })))[3];
    expect(last).toMatchObject({ code: 250, tls: { version: 'TLSv1.3', verified: true } });
    const bad = await hop(script);
    const wrong = fields({ tls: 'pin', tls_pin: `sha256:${'0'.repeat(64)}` });
    expect((await send(`${bad.target}/tls`, wrong))[3]).toMatchObject({ stage: 'starttls' });
    expect(bad.commands.join()).not.toContain('MAIL');
  });
});

describe('what is written wrongly is named', () => {
  it.each<[LuaValue, RegExp]>([
    ['x', /table expected/],
    [fields({ envld: 'x' }), /not "envld", perhaps envid/],
    [list('x'), /table with ret, envid.*not "1"/],
    [fields({ ret: 'x' }), /'FULL' or 'HDRS' as ret/],
    [fields({ ret: 1 }), /string as ret/],
    [fields({ envid: '' }), /1 to 100 bytes as envid/],
    [fields({ envid: 'x'.repeat(101) }), /1 to 100 bytes as envid/],
    [fields({ rcpt: 'x' }), /table of tables as rcpt/],
    [fields({ rcpt: list('x') }), /table for each recipient/],
    [fields({ rcpt: fields({ a: fields({}) }) }), /table for each recipient/],
    [fields({ rcpt: list(fields({ notify: 'NEVER,DELAY' })) }), /notify of rcpt\[1\]/],
    [fields({ rcpt: list(fields({ orcpt: 'bob' })) }), /orcpt of rcpt\[1\]/],
    [fields({ rcpt: list(fields({ orcp: 'x' })) }), /notify or orcpt in rcpt\[1\], not "orcp"/],
    [
      fields({ rcpt: list(fields({}), fields({}), fields({ notify: 'NEVER' })) }),
      /no recipient for rcpt\[3\]/,
    ],
    [fields({ tls: 'maybe' }), /smtp-forward-tls=maybe: .*one of.* expected/],
    [fields({ tls_pin: 'md5:00' }), /smtp-forward-tls-pin/],
    [fields({ user: 'x' }), /user and password_file together/],
    [fields({ password_file: 'x' }), /user and password_file together/],
    [fields({ constructor: 'x' }), /not "constructor"/],
  ])('%j: %s', async (wishes, error) => {
    const sink = await hop();
    const failing = async (): Promise<unknown> => send(sink.target, wishes);
    await expect(failing()).rejects.toThrow(error);
    expect(sink.connections).toHaveLength(0);
  });
});
