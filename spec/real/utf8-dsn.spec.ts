// Addresses in UTF-8 and DSN with real programs: Python's smtplib as client, postfix as client between it and us, a sink as next hop.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import { WholeServer } from '../fakes/whole-server.ts';
import { describeWith } from './needs.ts';
import { type Postfix, postfixNeeds, startPostfix } from './postfix-server.ts';

const octets = (text: string): string => Buffer.from(text).toString('latin1');
const SENDER = 'bücher@exämple.com';
const RECIPIENT = 'josé@例え.テスト';

/** Sends one message, with options for MAIL and RCPT; says what the server offered and how it ended. */
const SMTPLIB = `
import smtplib, sys, json
port, mail, rcpt = int(sys.argv[1]), json.loads(sys.argv[2]), json.loads(sys.argv[3])
with smtplib.SMTP('127.0.0.1', port, local_hostname='client.example') as server:
    server.ehlo()
    from email.message import EmailMessage
    message = EmailMessage()
    message['From'], message['To'], message['Subject'] = sys.argv[4], sys.argv[5], 'Größe'
    message.set_content('hello\\n')
    from email import policy
    text = message.as_bytes(policy=policy.SMTPUTF8)
    refused = server.sendmail(sys.argv[4], [sys.argv[5]], text, mail, rcpt)
    print(sorted(server.esmtp_features), refused)
`;

async function smtplib(port: number, mail: readonly string[], rcpt: readonly string[]): Promise<string> {
  const given = [String(port), JSON.stringify(mail), JSON.stringify(rcpt), SENDER, RECIPIENT];
  const child = spawn('python3', ['-c', SMTPLIB, ...given], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PYTHONIOENCODING: 'utf-8', PYTHONUTF8: '1' },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += String(chunk)));
  const [code] = (await once(child, 'close')) as [number];
  if (code !== 0) throw new Error(said);
  return said;
}

describeWith([...postfixNeeds, 'python3'], 'UTF-8 and DSN with smtplib and postfix', () => {
  let sink: NextHop;
  let smtpe: WholeServer;
  let postfix: Postfix;

  beforeAll(async () => {
    sink = await NextHop.start({ ehlo: '250-sink\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 DSN\r\n' });
    smtpe = await WholeServer.start({
      options: { 'smtp-utf8': '+', 'smtp-dsn': '+', 'smtp-smart-host': sink.target },
    });
    postfix = await startPostfix(`virtual_mailbox_domains =
relayhost = [127.0.0.1]:${smtpe.port}
smtputf8_enable = yes`);
  });
  afterAll(async () => {
    await postfix?.stop();
    await smtpe?.stop();
    await sink?.close();
  });

  /** The commands of the message behind those seen before, once its content is there. */
  async function next(before: number): Promise<readonly string[]> {
    await sink.until(({ connections }) => connections.flatMap(({ contents }) => contents).length > before);
    return sink.commands.filter((line) => /^(MAIL|RCPT)/.test(line)).slice(-2);
  }
  const contents = (): readonly Buffer[] => sink.connections.flatMap(({ contents: all }) => all);

  it('smtplib: addresses, parameters and headers reach the next hop octet for octet', async () => {
    const mail = ['SMTPUTF8', 'BODY=8BITMIME', 'RET=HDRS', 'ENVID=QQ+2B1'];
    const orcpt = `ORCPT=utf-8;${RECIPIENT}`;
    const said = await smtplib(smtpe.port, mail, ['NOTIFY=SUCCESS,FAILURE', orcpt]);
    expect(said).toMatch(/'8bitmime'.*'dsn'.*'smtputf8'.* \{\}/);
    const [from, to] = await next(0);
    expect(from).toMatch(new RegExp(`^MAIL FROM:<${octets(SENDER)}>`));
    for (const word of [' BODY=8BITMIME', ' SMTPUTF8', ' RET=HDRS', ' ENVID=QQ+2B1'])
      expect(from).toContain(word);
    expect(to).toBe(`RCPT TO:<${octets(RECIPIENT)}> ${octets(orcpt)} NOTIFY=SUCCESS,FAILURE`);
    expect(contents().at(-1)?.toString('utf8')).toContain('Subject: Größe\r\n');
  });

  it('postfix as client says the same of a message that it relays', async () => {
    const before = contents().length;
    const said = await smtplib(
      postfix.port,
      ['SMTPUTF8', 'RET=FULL', 'ENVID=x+2B1'],
      ['NOTIFY=DELAY', 'ORCPT=rfc822;Bob+40example.com'],
    );
    expect(said).toContain('{}');
    const [from, to] = await next(before);
    expect(from).toMatch(new RegExp(`^MAIL FROM:<${octets(SENDER)}>`));
    for (const word of [' SMTPUTF8', ' RET=FULL', ' ENVID=x+2B1']) expect(from).toContain(word);
    expect(to).toMatch(new RegExp(`^RCPT TO:<${octets(RECIPIENT)}> `));
    expect(to).toContain(' NOTIFY=DELAY');
    // Postfix decodes it, and writes as xtext what has to be.
    expect(to).toContain(' ORCPT=rfc822;Bob@example.com');
    expect(contents().at(-1)?.toString('utf8')).toContain('Subject: Größe\r\n');
  });
});
