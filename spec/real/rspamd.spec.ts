// service.rspamd beside the rspamd of Debian: what it finds, what it is told, what it wants done.
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { FakeDnsServer } from '../../src/bench/ports/dns-server.ts';
import { onTheWire } from '../fakes/smtp-client.ts';
import { WholeServer } from '../fakes/whole-server.ts';
import { describeWith } from './needs.ts';
import { type RealRspamd, startRealRspamd } from './rspamd-server.ts';
import { GTUBE } from './scanners.ts';

const head =
  'From: a@good.test\r\nTo: b@example.net\r\nSubject: x\r\nDate: Sat, 28 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@good.test>\r\n';

describeWith(['rspamd'], 'rspamd', () => {
  let dns: FakeDnsServer;
  let rspamd: RealRspamd;
  let whole: WholeServer | undefined;
  beforeAll(async () => {
    dns = await FakeDnsServer.start(['good.test TXT 300 v=spf1 ip4:192.0.2.1 -all']);
    rspamd = await startRealRspamd(
      dns.address,
      'milter_headers { use = ["x-spamd-bar", "spam-header"]; routines { x-spamd-bar { header = "X-Bar"; } } }',
    );
  }, 60_000);
  afterEach(() => whole?.stop());
  afterAll(async () => {
    await rspamd.stop();
    await dns.close();
  });

  /** What the policy says of it, for a client at 192.0.2.1. */
  async function verdict(message: string, said: string): Promise<string> {
    whole = await WholeServer.start({
      policy: `
        local said
        function hook.dot(path)
          assert(service.rspamd(path, '${rspamd.host}', { timeout = 30 }))
          local r = service.wait(1).rspamd
          said = r.error or (${said})
        end
        function hook.forward() return '250 2.0.0 ' .. tostring(said) end`,
      options: { 'smtp-xclient-hosts': '127.0.0.1', 'spool-memory': '1000' },
    });
    const to = await whole.greeted();
    await to.command('EHLO proxy.test');
    await to.command('XCLIENT ADDR=192.0.2.1 NAME=[UNAVAILABLE]');
    for (const line of ['EHLO helo.test', 'MAIL FROM:<a@good.test>', 'RCPT TO:<b@example.net>', 'DATA'])
      expect(await to.command(line)).toMatch(/^[23]/);
    to.write(onTheWire(Buffer.from(message, 'latin1')));
    const reply = await to.reply();
    to.destroy();
    return reply.replace(/^250 2\.0\.0 |\r\n$/g, '');
  }

  it('finds GTUBE, and says what the client is to hear', async () => {
    const said =
      "r.action .. '/' .. r.symbols.GTUBE.score .. '/' .. r.symbols[1].name .. '/' .. r.messages.smtp_message";
    expect(await verdict(`${head}\r\n${GTUBE}\r\n`, said)).toMatch(/^reject\/[\d.]+\/GTUBE\/Gtube pattern$/);
  });

  it('is told who sends: its own SPF check passes', async () => {
    const said =
      "r.action .. '/' .. tostring(r.symbols.R_SPF_ALLOW ~= nil) .. '/' .. tostring(r.symbols.GTUBE)";
    expect(await verdict(`${head}\r\ntext\r\n`, said)).toBe('no action/true/nil');
  });

  it('takes 5 MB of any octets, from memory and from disk', async () => {
    const body = `${'\xff\0line\r\n'.repeat(600_000)}`;
    expect(await verdict(`${head}\r\n${body}`, "r.action .. '/' .. tostring(r.score < 15)")).toBe(
      'no action/true',
    );
  });

  it('says which headers it wants', async () => {
    const said = "#r.add_headers .. '/' .. r.add_headers[1].name .. '/' .. type(r.add_headers[1].value)";
    expect(await verdict(`${head}\r\ntext\r\n`, said)).toMatch(/^\d\/X-\w+\/string$/);
  });
});
