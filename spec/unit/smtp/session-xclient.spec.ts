import { describe, expect, it } from 'vitest';
import type { FakeHooks } from '../../fakes/fake-policy.ts';
import { type RigClient, SmtpRig } from '../../fakes/smtp-rig.ts';

async function trusted(hooks: FakeHooks = {}, options = {}): Promise<{ rig: SmtpRig; client: RigClient }> {
  const rig = new SmtpRig({ hooks, options });
  return { rig, client: await rig.greeted('127.0.0.1') };
}

describe('XCLIENT', () => {
  it('starts the session over as another client', async () => {
    const { rig, client } = await trusted({
      accept: () => undefined,
      xclient: () => undefined,
      noop: () => undefined,
    });
    await client.commands('EHLO c.example');
    expect(
      await client.command(
        'XCLIENT ADDR=IPv6:2001:db8::7 NAME=Spike.Example PORT=99 LOGIN=bob DESTADDR=192.0.2.1',
      ),
    ).toMatch(/^220 /);
    expect(rig.instance.calls.slice(-2)).toEqual([['xclient'], ['accept', '2001:db8::7', 'spike.example']]);
    expect((await client.commands('MAIL FROM:<a@b.cc>', 'NOOP')).map((text) => text.slice(0, 3))).toEqual([
      '503',
      '250',
    ]);
    expect(rig.instance.client).toMatchObject({
      address: '2001:db8::7',
      host: 'spike.example',
      port: 99,
      local_address: '192.0.2.1',
      auth_user: 'bob',
    });
    expect(await client.command('EHLO c.example')).toContain('(2001:db8::7, spike.example)');
    await client.quit();
    expect(rig.log.lines.at(-1)?.fields).toMatchObject({ client: '2001:db8::7' });
  });

  it('may be said again: the peer is the one that is trusted', async () => {
    const { client } = await trusted();
    expect(
      (await client.commands('XCLIENT ADDR=192.0.2.7', 'XCLIENT ADDR=192.0.2.8', 'EHLO c')).map((text) =>
        text.slice(0, 3),
      ),
    ).toEqual(['220', '220', '250']);
    await client.quit();
  });

  it('is refused with what is wrong, and changes nothing then', async () => {
    const { rig, client } = await trusted({ accept: () => undefined });
    const replies = await client.commands('EHLO c', 'XCLIENT ADDR=192.0.2.7 FOO=1', 'MAIL FROM:<a@b.cc>');
    expect(replies.slice(1)).toEqual(['501 5.5.4 invalid argument FOO=1\r\n', expect.stringMatching(/^250/)]);
    expect(rig.hookNames).toEqual(['accept']);
    await client.quit();
  });

  it('is refused by hook.xclient', async () => {
    const { rig, client } = await trusted({
      accept: () => undefined,
      xclient: () => '550 5.7.1 no',
      out_seq: () => undefined,
    });
    expect(
      (await client.commands('EHLO c', 'XCLIENT ADDR=192.0.2.7', 'MAIL FROM:<a@b.cc>')).map((text) =>
        text.slice(0, 3),
      ),
    ).toEqual(['250', '550', '250']);
    expect(rig.hookNames).toEqual(['accept', 'xclient']);
    await client.quit();
  });

  it('gives up a transaction and an authentication', async () => {
    const { rig, client } = await trusted({ auth: () => '235 ok', reset: () => undefined });
    await client.commands(
      'EHLO c',
      'AUTH PLAIN =',
      'MAIL FROM:<a@b.cc>',
      'RCPT TO:<d@e.ff>',
      'XCLIENT NAME=x.example',
    );
    const replies = await client.commands('RCPT TO:<d@e.ff>', 'EHLO c', 'AUTH PLAIN =', 'MAIL FROM:<a@b.cc>');
    expect(replies.map((text) => text.slice(0, 3))).toEqual(['503', '250', '235', '250']);
    await client.quit();
    expect(rig.spools.size).toBe(0);
  });

  it('counts for rate-client', async () => {
    const { client } = await trusted({}, { 'rate-client': '1' });
    expect(await client.command('XCLIENT ADDR=192.0.2.7 NAME=x.example')).toMatch(/^220/);
    client.send('XCLIENT ADDR=192.0.2.7\r\n');
    expect(await client.rest()).toBe('421 4.4.5 x.example [192.0.2.7] connections 2 exceed 1/60s\r\n');
  });

  it('refused by hook.accept leaves only QUIT', async () => {
    const { client } = await trusted({
      accept: (_, ip) => (ip === '192.0.2.66' ? '554 5.7.1 blocked' : undefined),
    });
    expect(
      (await client.commands('XCLIENT ADDR=192.0.2.66', 'EHLO c', 'XCLIENT ADDR=192.0.2.7')).map((text) =>
        text.slice(0, 3),
      ),
    ).toEqual(['554', '503', '503']);
    expect(await client.quit()).toMatch(/^221/);
  });

  it('is unknown when it is switched off', async () => {
    const { client } = await trusted({}, { 'smtp-xclient': '-' });
    expect(await client.command('EHLO c')).not.toContain('XCLIENT');
    expect(await client.command('XCLIENT ADDR=192.0.2.7')).toMatch(/^502/);
    await client.quit();
  });
});
