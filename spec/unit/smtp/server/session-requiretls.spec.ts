// REQUIRETLS (RFC 8689) as a client says it, and the header TLS-Required: what is taken, and what the delivery is told.
import { duplexPair } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { DeliveryOutcome } from '../../../../src/delivery/port/delivery.ts';
import type { TlsFacts } from '../../../../src/net/tls-facts.ts';
import { peerAt } from '../../../fakes/peer.ts';
import { RigClient, SmtpRig } from '../../../fakes/smtp-rig.ts';

const tls: TlsFacts = {
  ...{ version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', bits: 256, name: undefined, alpn: undefined },
  ...{ resumed: false, implicit: true, by: 'smtpe', certificate: undefined },
};
const taken: DeliveryOutcome = { kind: 'delivered', host: 'next', code: 250, text: '250 ok', rcpts: [] };

function rig(options: Readonly<Record<string, string>> = {}): SmtpRig {
  return new SmtpRig({
    smartHost: async () => taken,
    options: { 'smtp-requiretls': '+', 'smtp-forward-at': 'dot', ...options },
  });
}

async function greeted(it_: SmtpRig, secure: boolean): Promise<RigClient> {
  const [ours, theirs] = duplexPair();
  const over = it_.server.serve(theirs, peerAt('192.0.2.1', secure ? { tls } : {}), false);
  const client = new RigClient(ours, over, theirs);
  await client.reply();
  return client;
}

async function send(it_: SmtpRig, mail: string, header: string): Promise<string> {
  const client = await greeted(it_, true);
  await client.commands('EHLO c', mail, 'RCPT TO:<c@d.example>', 'DATA');
  const reply = await client.command(`${header}\r\n\r\nx\r\n.`);
  await client.quit();
  return reply;
}

const MAIL = 'MAIL FROM:<a@b.example>';

describe('REQUIRETLS', () => {
  it('is offered and taken within TLS only, and goes on with the message', async () => {
    const it_ = rig();
    const plain = await greeted(it_, false);
    expect(await plain.command('EHLO c')).not.toContain('REQUIRETLS');
    expect(await plain.command(`${MAIL} REQUIRETLS`)).toMatch(/^555 /);
    await plain.quit();
    const client = await greeted(it_, true);
    expect(await client.command('EHLO c')).toContain('250-REQUIRETLS\r\n');
    for (const wrong of ['REQUIRETLS=x', 'REQUIRETLS=', 'REQUIRETLS REQUIRETLS'])
      expect(await client.command(`${MAIL} ${wrong}`)).toMatch(/^501 5\.5\.4 /);
    await client.quit();
    expect(await send(it_, `${MAIL} REQUIRETLS`, 'A: 1')).toMatch(/^250 /);
    expect(it_.delivered[0]?.parameters).toEqual({ REQUIRETLS: true });
  });

  it('smtp-lenient lets it through nowhere', async () => {
    const client = await greeted(rig({ 'smtp-lenient': '+' }), false);
    expect((await client.commands('EHLO c', `${MAIL} REQUIRETLS`))[1]).toMatch(/^555 /);
    await client.quit();
  });
});

describe('TLS-Required', () => {
  it.each([
    ['must', 'TLS-Required: No', true],
    ['must', 'tls-required:  no ', true],
    ['must', 'TLS-Required: Yes', false],
    ['must', 'TLS-Required: Nope', false],
    ['must', 'Subject: No', false],
    ['may', 'TLS-Required: No', false],
  ])('smtp-forward-tls=%s, %s: %j', async (word, header, told) => {
    const it_ = rig({ 'smtp-forward-tls': word });
    await send(it_, MAIL, header);
    expect(it_.delivered[0]?.tlsNotRequired).toBe(told);
  });

  it('counts only with smtp-requiretls', async () => {
    const it_ = rig({ 'smtp-forward-tls': 'must', 'smtp-requiretls': '-' });
    await send(it_, MAIL, 'TLS-Required: No');
    expect(it_.delivered[0]?.tlsNotRequired).toBe(false);
  });
});
