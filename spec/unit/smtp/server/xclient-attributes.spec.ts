import { describe, expect, it } from 'vitest';
import { decodeXtext } from '../../../../src/smtp/protocol/xtext.ts';
import { newClient } from '../../../../src/smtp/server/client.ts';
import { applyAttributes, parseAttributes } from '../../../../src/smtp/server/xclient-attributes.ts';
import { peerAt } from '../../../fakes/peer.ts';

const parse = (...items: readonly string[]): unknown => {
  const parsed = parseAttributes(items);
  return parsed.kind === 'attributes' ? Object.fromEntries(parsed.attributes) : `invalid ${parsed.word}`;
};

describe('parseAttributes', () => {
  it('takes all attributes of Postfix, names in upper and lower case', () => {
    expect(
      parse(
        'name=Spike.Example',
        'ADDR=192.0.2.8',
        'PORT=25',
        'Proto=ESMTP',
        'HELO=spike',
        'LOGIN=bob',
        'DESTADDR=IPv6:2001:db8::1',
        'DESTPORT=2525',
      ),
    ).toEqual({
      NAME: 'spike.example',
      ADDR: '192.0.2.8',
      PORT: '25',
      PROTO: 'ESMTP',
      HELO: 'spike',
      LOGIN: 'bob',
      DESTADDR: '2001:db8::1',
      DESTPORT: '2525',
    });
  });

  it.each([
    'ADDR=IPv6:2001:db8::7',
    'ADDR=[IPv6:2001:db8::7]',
    'ADDR=ipv6:2001:db8::7',
    'ADDR=2001:db8::7',
    'ADDR=[2001:db8::7]',
  ])('reads %s as an address', (word) => {
    expect(parse(word)).toEqual({ ADDR: '2001:db8::7' });
  });

  it.each([
    ['IPv6:2001:DB8:0:0::0001', '2001:db8::1'],
    ['2001:0db8::7', '2001:db8::7'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
    ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
  ])('spells %s as sockets do', (word, address) => {
    expect(parse(`ADDR=${word}`, `DESTADDR=${word}`)).toEqual({ ADDR: address, DESTADDR: address });
  });

  it.each(['localhost', 'LOCALHOST.', 'localhost.localdomain', 'ip6-localhost', '0x7f000001'])(
    'takes no name for %s',
    (name) => {
      expect(parse(`NAME=${name}`)).toEqual({ NAME: '' });
    },
  );

  it('knows what is not available', () => {
    expect(
      parse('NAME=[UNAVAILABLE]', 'HELO=[TEMPUNAVAIL]', 'LOGIN=[unavailable]', 'PORT=[UNAVAILABLE]'),
    ).toEqual({ NAME: '', HELO: '', LOGIN: '', PORT: '' });
  });

  it.each([
    'ADDR=not.an.ip',
    'ADDR=',
    'ADDR',
    'ADDR=[UNAVAILABLE]',
    'ADDR=1:2:3:4:5:6:7:1.2.3.4',
    'ADDR=fe80::1%25eth0',
    'PORT=x',
    'PORT=65536',
    'FOO=bar',
    '=x',
    'NAME=',
    'NAME=a+20b',
    ...[
      '192.0.2.8',
      '[192.0.2.8]',
      '2001:db8::1',
      'a..b',
      '.',
      'foo"><x',
      'a+40b.example',
      '\xfc.example',
      '1',
    ].map((name) => `NAME=${name}`),
    'NAME=a+0D+0Ab',
    'HELO=a+0Ab',
    'LOGIN=+zz',
    'LOGIN=a+',
  ])('names %s as what is wrong', (word) => {
    expect(parse('PROTO=SMTP', word)).toBe(`invalid ${word}`);
  });

  it('decodes xtext', () => {
    expect(decodeXtext('a+2Bb+3dc')).toBe('a+b=c');
    expect(decodeXtext('a+2')).toBeUndefined();
    expect(parse('LOGIN=bob+40example')).toEqual({ LOGIN: 'bob@example' });
  });
});

describe('applyAttributes', () => {
  const apply = (known: boolean, ...items: readonly string[]) => {
    const client = newClient(peerAt('::ffff:127.0.0.1', { port: 99, localAddress: '::ffff:127.0.0.2' }));
    if (known) Object.assign(client, { host: 'localhost', hostKnown: true });
    const parsed = parseAttributes(items);
    if (parsed.kind === 'invalid') throw new Error(parsed.word);
    return applyAttributes(parsed.attributes, client);
  };

  it('names another client by its address: name and port of the one before are not its own', () => {
    expect(apply(true, 'ADDR=192.0.2.8')).toEqual({
      kind: 'client',
      client: {
        peer: '127.0.0.1',
        address: '192.0.2.8',
        port: 0,
        localAddress: '127.0.0.2',
        localPort: 25,
        proxy: undefined,
        rightsAddress: '192.0.2.8',
        host: '[192.0.2.8]',
        hostKnown: false,
        hostConfirmed: false,
      },
      auth: undefined,
    });
    expect(apply(true, 'ADDR=192.0.2.8', 'NAME=a.example', 'PORT=7').client).toMatchObject({
      host: 'a.example',
      hostKnown: true,
      port: 7,
    });
  });

  it('keeps what is not said of the same client', () => {
    for (const same of [[], ['ADDR=127.0.0.1']]) {
      expect(apply(true, ...same, 'HELO=x').client).toMatchObject({ host: 'localhost', port: 99 });
    }
    expect(apply(true, 'NAME=A.Example.', 'PORT=25', 'DESTADDR=192.0.2.1').client).toMatchObject({
      host: 'a.example',
      port: 25,
      localAddress: '192.0.2.1',
      localPort: undefined,
      address: '127.0.0.1',
    });
  });

  it.each(['[UNAVAILABLE]', '[TEMPUNAVAIL]'])('does not know what is %s', (none) => {
    expect(
      apply(true, 'ADDR=192.0.2.8', `NAME=${none}`, `PORT=${none}`, `DESTADDR=${none}`, `LOGIN=${none}`),
    ).toEqual({
      kind: 'client',
      client: {
        peer: '127.0.0.1',
        address: '192.0.2.8',
        port: 0,
        localAddress: undefined,
        localPort: undefined,
        proxy: undefined,
        rightsAddress: '192.0.2.8',
        host: '[192.0.2.8]',
        hostKnown: false,
        hostConfirmed: false,
      },
      auth: undefined,
    });
    expect(apply(true, `NAME=${none}`).client).toMatchObject({ host: '[127.0.0.1]', hostKnown: false });
  });

  it('gives the login to the policy', () => {
    expect(apply(true, 'LOGIN=bob').auth).toEqual({ user: 'bob', mechanism: undefined, source: 'XCLIENT' });
    expect(apply(true, 'PROTO=ESMTP').auth).toBeUndefined();
  });

  it.each(['ADDR=192.0.2.9', 'LOGIN=eve', 'name=b.example'])(
    'refuses an attribute that is there twice: %s',
    (word) => {
      expect(parseAttributes(['ADDR=192.0.2.8', 'NAME=a.example', 'LOGIN=bob', word])).toEqual({
        kind: 'invalid',
        word,
      });
    },
  );
});
