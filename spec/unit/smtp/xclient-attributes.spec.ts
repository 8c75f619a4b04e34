import { describe, expect, it } from 'vitest';
import { newClient } from '../../../src/smtp/client.ts';
import { applyAttributes, decodeXtext, parseAttributes } from '../../../src/smtp/xclient-attributes.ts';

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
      NAME: 'Spike.Example',
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
    const client = newClient({ address: '::ffff:127.0.0.1', port: 99, localAddress: '::ffff:127.0.0.2' });
    if (known) Object.assign(client, { host: 'localhost', hostKnown: true });
    const parsed = parseAttributes(items);
    if (parsed.kind === 'invalid') throw new Error(parsed.word);
    return { fields: applyAttributes(parsed.attributes, client), client };
  };

  it('changes what was given and keeps the rest', () => {
    const { client } = apply(true, 'ADDR=192.0.2.8');
    expect(client).toEqual({
      peer: '127.0.0.1',
      address: '192.0.2.8',
      port: 99,
      localAddress: '127.0.0.2',
      host: 'localhost',
      hostKnown: true,
      hostConfirmed: false,
    });
    expect(apply(true, 'NAME=A.Example.', 'PORT=25', 'DESTADDR=192.0.2.1').client).toMatchObject({
      host: 'a.example',
      port: 25,
      localAddress: '192.0.2.1',
      address: '127.0.0.1',
    });
  });

  it('names a client without a name by its new address', () => {
    expect(apply(false, 'ADDR=192.0.2.8').client.host).toBe('[192.0.2.8]');
    expect(apply(false, 'NAME=[UNAVAILABLE]').client.host).toBe('[127.0.0.1]');
  });

  it('gives the login to the policy', () => {
    expect(apply(true, 'LOGIN=bob').fields).toEqual({ auth_user: 'bob' });
    expect(apply(true, 'LOGIN=[UNAVAILABLE]').fields).toEqual({ auth_user: undefined });
    expect(apply(true).fields).toBeUndefined();
  });
});
