// Received headers as mail servers write them, and as strangers do.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ReceivedField, readReceived } from '../../../../src/message/header/received-field.ts';
import { receivedHeader } from '../../../../src/message/received-header.ts';

const said = (value: string): Partial<ReceivedField> =>
  Object.fromEntries(Object.entries(readReceived(value)).filter(([, field]) => field !== undefined));

const date = 'Sun, 21 Sep 2003 22:04:27 +0200';
const time = 1064174667;

describe('a Received header', () => {
  it.each<readonly [string, string, Partial<ReceivedField>]>([
    [
      'Postfix',
      `from h.example (n.example [192.0.2.1])\r\n\t(using TLSv1.3 with cipher X (256/256 bits)\r\n\t key-exchange X25519 id 9)\r\n\t(No client certificate requested)\r\n\tby mx.example (Postfix) with ESMTPS id 4XabC\r\n\tfor <b@c.example>; ${date} (CEST)`,
      {
        from: 'h.example',
        helo: 'h.example',
        ip: '192.0.2.1',
        by: 'mx.example',
        with: 'ESMTPS',
        id: '4XabC',
        recipient: 'b@c.example',
        time,
      },
    ],
    [
      'Postfix, IPv6 and no name',
      `from h.example (unknown [IPv6:2001:DB8::1]) by mx.example (Postfix) with ESMTP id 1; ${date}`,
      {
        from: 'h.example',
        helo: 'h.example',
        ip: '2001:db8::1',
        by: 'mx.example',
        with: 'ESMTP',
        id: '1',
        time,
      },
    ],
    [
      'Postfix, local',
      `by mx.example (Postfix, from userid 1000) id 77; ${date}`,
      { by: 'mx.example', id: '77', time },
    ],
    [
      'Exim',
      `from n.example ([192.0.2.1]:4321 helo=h.example)\r\n\tby mx.example with esmtps  (TLS1.3) tls X\r\n\t(Exim 4.96)\r\n\t(envelope-from <a@b.example>)\r\n\tid 1abcde-000000-01\r\n\tfor b@c.example;\r\n\t${date}`,
      {
        from: 'n.example',
        helo: 'h.example',
        ip: '192.0.2.1',
        by: 'mx.example',
        with: 'esmtps tls X',
        id: '1abcde-000000-01',
        recipient: 'b@c.example',
        time,
      },
    ],
    [
      'Exim, no name',
      `from [192.0.2.1] (helo=h.example) by mx.example with esmtp (Exim 4.96) id 1; ${date}`,
      {
        from: '[192.0.2.1]',
        helo: 'h.example',
        ip: '192.0.2.1',
        by: 'mx.example',
        with: 'esmtp',
        id: '1',
        time,
      },
    ],
    [
      'Sendmail',
      `from h.example (IDENT:root@n.example [192.0.2.1] (may be forged)) by mx.example (8.17.1/8.17.1) with ESMTP id 4A for <b@c.example>; ${date}`,
      {
        from: 'h.example',
        helo: 'h.example',
        ip: '192.0.2.1',
        by: 'mx.example',
        with: 'ESMTP',
        id: '4A',
        recipient: 'b@c.example',
        time,
      },
    ],
    [
      'Exchange',
      `from A.example (2001:db8::2) by\r\n B.example (2001:db8::3) with Microsoft SMTP Server\r\n (version=TLS1_2, cipher=X) id\r\n 15.20.1.2 via Frontend Transport; ${date}`,
      {
        from: 'A.example',
        helo: 'A.example',
        ip: '2001:db8::2',
        by: 'B.example',
        with: 'Microsoft SMTP Server',
        id: '15.20.1.2',
        time,
      },
    ],
    [
      'Exchange, inside',
      `from A.example ([fe80::1]) by B.example ([fe80::2%11]) with mapi id 15; ${date}`,
      { from: 'A.example', helo: 'A.example', ip: 'fe80::1', by: 'B.example', with: 'mapi', id: '15', time },
    ],
    [
      'qmail',
      `from unknown (HELO h.example) (ident@192.0.2.1)\r\n  by mx.example with SMTP; 21 Sep 2003 20:04:27 -0000`,
      { from: 'unknown', helo: 'h.example', ip: '192.0.2.1', by: 'mx.example', with: 'SMTP', time },
    ],
    ['qmail, inside', '(qmail 123 invoked by uid 500); 21 Sep 2003 20:04:27 -0000', { time }],
    [
      'Gmail',
      `from h.example (n.example. [192.0.2.1])\r\n        by mx.google.com with ESMTPS id a1-b2si3.4.2003.09.21\r\n        for <b@c.example>\r\n        (version=TLS1_3 cipher=X bits=128/128);\r\n        Sun, 21 Sep 2003 13:04:27 -0700 (PDT)`,
      {
        from: 'h.example',
        helo: 'h.example',
        ip: '192.0.2.1',
        by: 'mx.google.com',
        with: 'ESMTPS',
        id: 'a1-b2si3.4.2003.09.21',
        recipient: 'b@c.example',
        time,
      },
    ],
    [
      'Gmail, inside',
      `by 2002:a05:6a10:1:b0:1 with SMTP id x9csp1; ${date}`,
      { by: '2002:a05:6a10:1:b0:1', with: 'SMTP', id: 'x9csp1', time },
    ],
    [
      'Courier',
      `from h.example ([::ffff:192.0.2.1]) by mx.example with ESMTP; ${date}`,
      { from: 'h.example', helo: 'h.example', ip: '192.0.2.1', by: 'mx.example', with: 'ESMTP', time },
    ],
    [
      'a name that is a keyword',
      `from by ([192.0.2.1]) by from with id id for; ${date}`,
      { from: 'by', helo: 'by', ip: '192.0.2.1', by: 'from', with: 'id', id: 'for', time },
    ],
    [
      'a clause that comes twice',
      'from a ([192.0.2.1]) by b from c ([192.0.2.9]) by d',
      { from: 'a', helo: 'a', ip: '192.0.2.1', by: 'b' },
    ],
    [
      'a comment without end',
      'from a ([192.0.2.1] by b; 1 Jan 2020',
      { from: 'a', helo: 'a', ip: '192.0.2.1' },
    ],
    [
      'an IPv6 address at length',
      'from a ([IPv6:2001:DB8:0:0::0:1])',
      { from: 'a', helo: 'a', ip: '2001:db8::1' },
    ],
    ['a mapped address', 'from a ([IPv6:::FFFF:c000:201])', { from: 'a', helo: 'a', ip: '192.0.2.1' }],
    ['an address in octal', 'from a ([0300.0.2.1])', { from: 'a' }],
    ['an address that is none', 'from a ([999.0.2.1]) by b', { from: 'a', by: 'b' }],
    // HELO and ident say whatever the client likes.
    [
      'Exim, HELO with an address',
      'from n.example ([192.0.2.1] helo=[198.51.100.9])',
      { from: 'n.example', helo: '[198.51.100.9]', ip: '192.0.2.1' },
    ],
    [
      'Exim, HELO with an address, no name',
      'from [192.0.2.1] (helo=[198.51.100.9])',
      { from: '[192.0.2.1]', helo: '[198.51.100.9]', ip: '192.0.2.1' },
    ],
    [
      'Exim, port and HELO with an address, no name',
      'from [192.0.2.1] (port=25 helo=[198.51.100.9])',
      { from: '[192.0.2.1]', helo: '[198.51.100.9]', ip: '192.0.2.1' },
    ],
    [
      'Exim, a user with an address',
      'from n.example ([192.0.2.1]:4321 helo=h.example ident=x [198.51.100.9])',
      { from: 'n.example', helo: 'h.example', ip: '192.0.2.1' },
    ],
    [
      'Exim, a user with an address, no name',
      'from [192.0.2.1] (ident=x [198.51.100.9])',
      { from: '[192.0.2.1]', ip: '192.0.2.1' },
    ],
    [
      'qmail, HELO with an address',
      'from unknown (HELO [198.51.100.9]) (192.0.2.1)',
      { from: 'unknown', helo: '[198.51.100.9]', ip: '192.0.2.1' },
    ],
    [
      'qmail, HELO with blanks and an address',
      'from unknown (HELO x [198.51.100.9]) (x@192.0.2.1)',
      { from: 'unknown', helo: 'x', ip: '192.0.2.1' },
    ],
    [
      'CommuniGate, HELO with an address',
      'from [192.0.2.1] (account a@b.example HELO [198.51.100.9])',
      { from: '[192.0.2.1]', helo: '[198.51.100.9]', ip: '192.0.2.1' },
    ],
    [
      'ZMailer, HELO with an address',
      'from n.example ([192.0.2.1]:4321 "EHLO [198.51.100.9]")',
      { from: 'n.example', helo: '[198.51.100.9]', ip: '192.0.2.1' },
    ],
    [
      'Sendmail, a user with an address',
      'from h.example (IDENT:[198.51.100.9]@n.example [192.0.2.1])',
      { from: 'h.example', helo: 'h.example', ip: '192.0.2.1' },
    ],
    [
      'Postfix, HELO with an address',
      'from [198.51.100.9] (unknown [192.0.2.1])',
      { from: '[198.51.100.9]', helo: '[198.51.100.9]', ip: '192.0.2.1' },
    ],
    [
      'a name with an address',
      'from h.example ([198.51.100.9].n.example [192.0.2.1])',
      { from: 'h.example', helo: 'h.example', ip: '192.0.2.1' },
    ],
    ['a date and nothing else', `; ${date}`, { time }],
    ['nothing', 'from', {}],
    ['rubbish', 'hello world', {}],
  ])('of %s', (_name, value, fields) => {
    expect(said(value)).toEqual(fields);
  });

  it('of ours', () => {
    const line = receivedHeader({
      ...{ helo: 'h.example', protocol: 'ESMTPS', host: 'n.example', address: '2001:db8::1', user: 'al' },
      tls: undefined,
      ...{ by: 'mx.example', id: 'ID', recipient: 'b@c.example', time: time * 1000 },
    });
    expect(said(line.slice('Received: '.length))).toEqual({
      ...{
        from: 'h.example',
        helo: 'h.example',
        ip: '2001:db8::1',
        by: 'mx.example',
        with: 'ESMTPS',
        id: 'ID',
      },
      ...{ recipient: 'b@c.example', time },
    });
  });

  it('of any octets is read without a fault', () => {
    const unit = fc.constantFrom(
      ...'ab;()[]<>"\\ \t=:.',
      'from ',
      ' by ',
      ' id ',
      '192.0.2.1',
      'helo=',
      '\r\n ',
    );
    fc.assert(fc.property(fc.string({ unit, maxLength: 40 }), (value) => void readReceived(value)));
  });
});
