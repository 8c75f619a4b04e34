// Reports of relayed messages: what stands in them, that nothing of a stranger's text breaks them, and how they are sent.
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { RecordLog } from '../../../src/bench/ports/record-log.ts';
import type { DeliveryOutcome, RcptReply } from '../../../src/delivery/port/delivery.ts';
import { type Relayed, RelayedReports } from '../../../src/delivery/relayed-reports.ts';
import { type RelayedMessage, relayReport } from '../../../src/delivery/report-text.ts';
import type { SmartHostDelivery } from '../../../src/delivery/smart-host.ts';
import { createOptions } from '../../../src/options/option-set.ts';
import { readEnvid, readOrcpt } from '../../../src/smtp/protocol/dsn.ts';

const octets = (text: string): string => Buffer.from(text).toString('latin1');
const NOW = Date.UTC(2026, 10, 28, 12);

const rcpt = (address: string, orcpt?: string): RcptReply => ({
  recipient: { address, parameters: { NOTIFY: 'SUCCESS', ORCPT: readOrcpt(orcpt) } },
  code: 250,
  text: '250 2.1.5 ok',
});

const message: RelayedMessage = {
  id: '2ARK8R12136244590A',
  sender: 'alice@a.example',
  envid: 'QQ+2B1',
  arrivedAt: NOW,
  rcpts: [rcpt('bob@b.example', 'rfc822;Bob+40b.example'), rcpt('eve@b.example')],
  nextHop: 'mx.b.example:25',
  hostName: 'mx.example',
  headers: Buffer.from('Subject: hi\r\nFrom: alice@a.example\r\n'),
};

describe('relayReport', () => {
  it('is a multipart/report with who, what and the headers', () => {
    expect(relayReport(message, NOW).toString()).toBe(
      [
        'From: Mail Delivery System <postmaster@mx.example>',
        'To: <alice@a.example>',
        'Subject: Your message was passed on',
        'Date: Sat, 28 Nov 2026 12:00:00 +0000',
        'Message-ID: <2ARK8R12136244590A.relayed@mx.example>',
        'Auto-Submitted: auto-replied',
        'MIME-Version: 1.0',
        'Content-Type: multipart/report; report-type=delivery-status; boundary="2ARK8R12136244590A.0"',
        'Content-Transfer-Encoding: 8bit',
        '',
        '--2ARK8R12136244590A.0',
        'Content-Type: text/plain; charset=utf-8',
        'Content-Transfer-Encoding: 8bit',
        '',
        'This is the mail server mx.example.',
        '',
        'Your message was passed on to the mail server of these recipients. That server does',
        'not report what becomes of messages: nobody will tell you whether it was delivered.',
        '',
        '  <bob@b.example>',
        '  <eve@b.example>',
        '',
        '--2ARK8R12136244590A.0',
        'Content-Type: message/delivery-status',
        'Content-Transfer-Encoding: 8bit',
        '',
        'Original-Envelope-Id: QQ+1',
        'Reporting-MTA: dns; mx.example',
        'Arrival-Date: Sat, 28 Nov 2026 12:00:00 +0000',
        '',
        'Original-Recipient: rfc822; Bob@b.example',
        'Final-Recipient: rfc822; bob@b.example',
        'Action: relayed',
        'Status: 2.0.0',
        'Remote-MTA: dns; mx.b.example:25',
        'Diagnostic-Code: smtp; 250 2.1.5 ok',
        '',
        'Final-Recipient: rfc822; eve@b.example',
        'Action: relayed',
        'Status: 2.0.0',
        'Remote-MTA: dns; mx.b.example:25',
        'Diagnostic-Code: smtp; 250 2.1.5 ok',
        '',
        '--2ARK8R12136244590A.0',
        'Content-Type: text/rfc822-headers',
        'Content-Transfer-Encoding: 8bit',
        '',
        'Subject: hi',
        'From: alice@a.example',
        '',
        '',
        '--2ARK8R12136244590A.0--',
        '',
      ].join('\r\n'),
    );
  });

  it('of what was stored here says that it was delivered', () => {
    const text = relayReport({ ...message, nextHop: undefined }, NOW).toString();
    expect(text).toContain('Action: delivered\r\n');
    expect(text).toContain('Subject: Your message was delivered\r\n');
    expect(text).not.toMatch(/Remote-MTA|Diagnostic-Code/);
  });

  it('has nothing in it that a stranger has encoded, broken or guessed', () => {
    const envid = readEnvid('x+0D+0A+0D+0A--evil+00+FF');
    const text = relayReport(
      {
        ...message,
        envid,
        rcpts: [
          rcpt('bob@b.example', 'rfc822;a+0D+0ABcc:+20x@y'),
          { ...rcpt('"a b"@b.example'), text: '250-a\n250 b' },
        ],
        headers: Buffer.from('X: --2ARK8R12136244590A.0--\r\n--2ARK8R12136244590A.0\r\n'),
      },
      NOW,
    ).toString('latin1');
    expect(text).toContain('Original-Envelope-Id: x????--evil??\r\n');
    expect(text).toContain('Original-Recipient: rfc822; a??Bcc: x@y\r\n');
    expect(text).toContain('Diagnostic-Code: smtp; 250-a?250 b\r\n');
    expect(text).toContain('boundary="2ARK8R12136244590A.1"');
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n\0]/);
  });

  it('addresses in UTF-8 stand there in ASCII where it is for programs', () => {
    const text = relayReport(
      {
        ...message,
        sender: octets('ä@a.example'),
        rcpts: [rcpt(octets('bü+1@b.example'), 'utf-8;b\\x{FC}@b.example')],
      },
      NOW,
    ).toString('utf8');
    expect(text).toContain('To: <ä@a.example>\r\n');
    expect(text).toContain('  <bü+1@b.example>\r\n');
    expect(text).toContain('Final-Recipient: utf-8; b\\x{FC}\\x{2B}1@b.example\r\n');
    expect(text).toContain('Original-Recipient: utf-8; b\\x{FC}@b.example\r\n');
    expect(text).toContain('Content-Type: message/global-headers\r\n');
  });

  it('returns 64 KiB of headers at most, in whole lines', () => {
    const line = `X: ${'x'.repeat(95)}\r\n`;
    const text = relayReport({ ...message, headers: Buffer.from(line.repeat(10_000)) }, NOW).toString();
    const returned =
      text.split('text/rfc822-headers\r\nContent-Transfer-Encoding: 8bit\r\n\r\n')[1]?.split('\r\n\r\n')[0] ??
      '';
    expect(returned).toBe(line.repeat(655).slice(0, -2));
    const one = relayReport({ ...message, headers: Buffer.alloc(100_000, 'x') }, NOW);
    expect(one.length).toBeLessThan(3000);
  });
});

describe('RelayedReports', () => {
  const delivered: DeliveryOutcome = {
    kind: 'delivered',
    host: 'next:25',
    code: 250,
    text: '250 ok',
    rcpts: [],
  };

  function start(forward: (delivery: SmartHostDelivery, signal: AbortSignal) => Promise<DeliveryOutcome>) {
    const log = new RecordLog();
    const reports = new RelayedReports({
      smartHost: { forward },
      clock: new FakeClock(),
      hostName: 'mx.example',
    });
    const options = createOptions({ 'limit-dsn-reports': '2' });
    const relayed: Relayed = {
      ...{
        id: 'T1',
        sender: 'alice@a.example',
        parameters: {},
        headers: Buffer.from('A: 1\r\n'),
        options,
        log,
      },
      outcome: {
        kind: 'delivered',
        host: 'next:25',
        code: 250,
        text: '250 ok',
        rcpts: [rcpt('bob@b.example')],
      },
    };
    const said = (): readonly string[] => log.lines.map(({ fields }) => String(fields?.cause ?? 'sent'));
    return { reports, relayed, said };
  }
  const settled = async (reports: RelayedReports): Promise<void> => {
    while (reports.underWay > 0) await new Promise((resolve) => setImmediate(resolve));
  };

  it('sends one from the null sender, and asks for none', async () => {
    const sent: SmartHostDelivery[] = [];
    const { relayed, reports, said } = start(async (delivery) => {
      sent.push(delivery);
      return delivered;
    });
    reports.tell(relayed);
    await settled(reports);
    expect(
      sent.map(({ sender, recipients, eightBit, parameters }) => [sender, recipients, eightBit, parameters]),
    ).toEqual([['', [{ address: 'alice@a.example', parameters: { NOTIFY: 'NEVER' } }], false, undefined]]);
    expect(said()).toEqual(['sent']);
  });

  it('says SMTPUTF8 for a sender in UTF-8', async () => {
    const sent: SmartHostDelivery[] = [];
    const { relayed, reports } = start(async (delivery) => {
      sent.push(delivery);
      return delivered;
    });
    reports.tell({ ...relayed, sender: octets('ä@a.example') });
    await settled(reports);
    expect(sent.map(({ parameters, utf8Headers, eightBit }) => [parameters, utf8Headers, eightBit])).toEqual([
      [{ SMTPUTF8: true }, true, true],
    ]);
  });

  it('is protected as the message was, RFC 8689 section 5', async () => {
    const sent: SmartHostDelivery[] = [];
    const { relayed, reports } = start(async (delivery) => {
      sent.push(delivery);
      return delivered;
    });
    const parameters = { REQUIRETLS: true, SMTPUTF8: true, RET: 'FULL', ENVID: 'x' } as const;
    reports.tell({ ...relayed, parameters });
    reports.tell({ ...relayed, parameters, sender: octets('ä@a.example') });
    await settled(reports);
    expect(sent.map((delivery) => delivery.parameters)).toEqual([
      { REQUIRETLS: true },
      { SMTPUTF8: true, REQUIRETLS: true },
    ]);
  });

  it('a failure is told to the log, once', async () => {
    for (const [outcome, cause] of [
      [{ ...delivered, kind: 'refused', stage: 'mail', code: 550, text: '550 no' }, 'next:25: 550 no'],
      [
        { ...delivered, kind: 'failed', stage: 'connect', code: 110, error: 'not there' },
        'next:25: not there',
      ],
    ] as const) {
      let asked = 0;
      const { relayed, reports, said } = start(async () => {
        asked++;
        return outcome;
      });
      reports.tell(relayed);
      await settled(reports);
      expect([asked, said()]).toEqual([1, [cause]]);
    }
    const { relayed, reports, said } = start(() => Promise.reject(new Error('a bug')));
    reports.tell(relayed);
    await settled(reports);
    expect(said()).toEqual(['a bug']);
  });

  it('has no more under way than the option says, gives them up at the end, and begins none behind it', async () => {
    const { relayed, reports, said } = start(
      (_, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () =>
            resolve({ ...delivered, kind: 'failed', stage: 'connect', code: 100, error: 'given up' }),
          );
        }),
    );
    for (let i = 0; i < 3; i++) reports.tell(relayed);
    expect(reports.underWay).toBe(2);
    expect(said()).toEqual(['2 reports are under way (limit-dsn-reports)']);
    await new Promise((resolve) => setImmediate(resolve));
    reports.close();
    await settled(reports);
    reports.tell(relayed);
    expect(said().slice(1)).toEqual([
      'next:25: given up',
      'next:25: given up',
      'the server is being stopped',
    ]);
  });

  it('leaves out what fits into no line', async () => {
    const { relayed, reports, said } = start(async () => delivered);
    const long = `${'x'.repeat(1000)}@b.example`;
    reports.tell({ ...relayed, sender: long });
    reports.tell({ ...relayed, outcome: { ...delivered, rcpts: [rcpt(long)] } });
    expect([reports.underWay, said().length]).toEqual([0, 2]);
  });
});
