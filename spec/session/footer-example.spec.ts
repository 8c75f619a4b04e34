// The example policy etc/examples/footer.lua, as it stands there.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import { onTheWire } from '../fakes/smtp-client.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const policy = readFileSync(join(import.meta.dirname, '../../etc/examples/footer.lua'), 'latin1');
const footer = '\r\n-- \r\nExample Corp, Springfield\r\nRegistered in Springfield, no. 1234\r\n';
const page =
  '\r\n<p style="color:#666">Example Corp, Springfield<br>Registered in Springfield, no. 1234</p>\r\n';

describe('etc/examples/footer.lua', () => {
  let hop: NextHop;
  let server: WholeServer;
  beforeAll(async () => {
    hop = await NextHop.start();
    server = await WholeServer.start({
      policy,
      options: { 'smtp-smart-host': hop.target, 'smtp-xclient-hosts': '127.0.0.1' },
    });
  });
  afterAll(async () => {
    await server.stop();
    await hop.close();
  });

  /** What the next hop gets; the refusal of RCPT, when there is one. */
  async function send(
    message: string,
    { client = '10.1.2.3', sender = 'a@example.com' } = {},
  ): Promise<string> {
    const before = hop.connections.map((connection) => connection.contents.length);
    const to = await server.greeted();
    await to.command('EHLO proxy.test');
    await to.command(`XCLIENT ADDR=${client} NAME=[UNAVAILABLE]`);
    await to.command('EHLO client.test');
    await to.command(`MAIL FROM:<${sender}>`);
    const taken = await to.command(
      `RCPT TO:<${client.startsWith('10.') ? 'b@example.net' : 'b@example.org'}>`,
    );
    if (!taken.startsWith('250')) return taken;
    await to.command('DATA');
    to.write(onTheWire(Buffer.from(message.replaceAll('\n', '\r\n'), 'latin1')));
    expect(await to.reply()).toMatch(/^250/);
    to.destroy();
    return String(hop.connections.flatMap(({ contents }, n) => contents.slice(before[n] ?? 0))[0]);
  }

  const head = 'From: A <a@example.com>\nSubject: x\n';
  const same = (message: string): string => message.replaceAll('\n', '\r\n');

  it('puts the footer under what our own people send, in text and page', async () => {
    expect(await send(`${head}\nhello\n`)).toBe(`${same(`${head}\nhello\n`)}${footer}`);
    const both = `${head}Content-Type: multipart/alternative; boundary=b\n\n--b\n\nhi\n--b\nContent-Type: text/html\n\n<p>hi</body>\n--b--\n`;
    expect(await send(both)).toBe(
      same(both).replace('hi\r\n', `hi\r\n${footer}`).replace('<p>hi', `<p>hi${page}`),
    );
  });

  it('leaves all other mail as it is', async () => {
    const others = [
      `${head}\nyes\n\n> -- \n> Example Corp, Springfield\n`,
      `${head}Content-Transfer-Encoding: base64\n\n${Buffer.from('x\nExample Corp, Springfield\n').toString('base64')}\n`,
      `${head}Auto-Submitted: auto-replied\n\nout of office\n`,
      `${head}Content-Type: application/pkcs7-mime\nContent-Transfer-Encoding: base64\n\nMIIB\n`,
      `${head}\n-----BEGIN PGP MESSAGE-----\n\nx\n-----END PGP MESSAGE-----\n`,
      `${head}Content-Type: multipart/mixed; boundary=b\n\n--b\n\ncut off\n`,
      'From: a@other.example\nSubject: x\n\nhello\n',
    ];
    for (const message of others) expect(await send(message)).toBe(same(message));
    expect(await send(`${head}\nhello\n`, { client: '192.0.2.1' })).toBe(same(`${head}\nhello\n`));
    expect(await send(`${head}\nhello\n`, { sender: '' })).toBe(same(`${head}\nhello\n`));
  });
});
