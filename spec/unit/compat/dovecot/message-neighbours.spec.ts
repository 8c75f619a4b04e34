// Answers of Dovecot 2.3.19.1 (LMTP, a push script) to what stands beside the recorded messages: dates, addresses, encoded words, text parts.
import { describe, expect, it } from 'vitest';
import { messageFacts } from '../../../../src/compat/dovecot/message/message-facts.ts';

const factsOf = (head: string, body = 'b') => messageFacts(Buffer.from(`${head}\r\n\r\n${body}\r\n`, 'utf8'));
/** UTF-8 in latin1, as Lua has it, as text. */
const shown = (value: unknown): string =>
  typeof value === 'string' ? Buffer.from(value, 'latin1').toString('utf8') : String(value);

describe('a date', () => {
  const rows: readonly (readonly [text: string, date: number, tz: number])[] = [
    ['Tue, 4 Nov 2025 10:20:30 +0200', 1762244430, 120],
    ['4 Nov 2025 10:20:30 +0200', 1762244430, 120],
    ['4 Nov 2025 10:20 +0200', 1762244400, 120],
    ['Tue, 04 Nov 25 10:20:30 GMT', 1762251630, 0],
    ['Tue, 4 Nov 2025 10:20:30 EST', 1762269630, -300],
    ['Tue, 4 Nov 2025 10:20:30 PDT', 1762276830, -420],
    ['Tue, 4 Nov 2025 10:20:30 -0530', 1762271430, -330],
    ['Tue, 4 Nov 2025 10:20:30 Z', 1762251630, 0],
    ['Tue, 4 Nov 2025 10:20:30 A', 1762248030, 60],
    ['Tue, 4 Nov 2025 10:20:30', 1762251630, 0],
    ['Tue, 30 Feb 2025 10:20:30 +0000', 0, 0],
    ['Tue, 4 Nov 2025 25:20:30 +0000', 0, 0],
    ['Tue, 4 Nov 2025 10:60:30 +0000', 0, 0],
    ['Tue, 4 Nov 2025 10:20:60 +0000', 1762251659, 0],
    ['Tue, 4 Nov 2025 10:20:61 +0000', 0, 0],
    ['Thu, 1 Jan 1970 00:00:00 +0000', 0, 0],
    ['Tue, 4 Nov 2040 10:20:30 +0000', 2235637230, 0],
    ['Tue 4 Nov 2025 10:20:30 +0000', 0, 0],
    ['tue, 4 nov 2025 10:20:30 +0000', 1762251630, 0],
    ['Tue, 4 November 2025 10:20:30 +0000', 1762251630, 0],
    ['Tue, 4 Nov 2025 10:20:30 +0200 (CEST)', 1762244430, 120],
    ['(c) Tue, 4 Nov 2025 10:20:30 +0200', 1762244430, 120],
    ['Tue,\n 4 Nov 2025 10:20:30 +0200', 1762244430, 120],
    ['Tue, 4 Nov 2025 1:2:3 +0200', 0, 0],
    ['Tue, 4 Nov 2025 10.20.30 +0200', 1762244430, 120],
    ['2025-11-04T10:20:30Z', 0, 0],
    ['', 0, 0],
    ['garbage', 0, 0],
    ['Tue, 4 Nov 70 10:20:30 +0000', 26562030, 0],
    ['Tue, 4 Nov 49 10:20:30 +0000', 2519634030, 0],
    ['Tue, 4 Nov 50 10:20:30 +0000', 2551170030, 0],
    ['Tue, 4 Nov 125 10:20:30 +0000', 0, 0],
    ['Tue, 4 Nov 2025 10:20:30 +1400', 1762201230, 840],
    ['Tue, 4 Nov 2025 10:20:30 +9999', 1761889290, 6039],
    ['Tue, 4 Nov 2025 10:20:30 +02', 1762251630, 0],
    ['Tue, 4 Nov 2025 10:20:30 +02:00', 1762251630, 0],
    ['Tue, 4 Nov 2025 10:20:30 -0000', 1762251630, 0],
    ['Tue, 29 Feb 2024 10:20:30 +0000', 1709202030, 0],
    ['Tue, 29 Feb 2023 10:20:30 +0000', 0, 0],
    ['Tue, 31 Apr 2025 10:20:30 +0000', 0, 0],
    ['Wrongday, 4 Nov 2025 10:20:30 +0000', 0, 0],
    ['Mon, 4 Nov 2025 10:20:30 UT', 1762251630, 0],
    ['Mon, 4 Nov 2025 10:20:30 CST', 1762273230, -360],
    ['Mon, 4 Nov 2025 10:20:30 MST', 1762276830, -420],
    ['Mon, 4 Nov 2025 10:20:30 CET', 1762251630, 0],
    ['Mon, 0 Nov 2025 10:20:30 +0000', 0, 0],
    ['Mon, 4 Nov 2025 10:20:30 +0200 x', 1762244430, 120],
    ['Tue, 4 Nov 2025 10:20:30 A', 1762248030, 60],
    ['Tue, 4 Nov 2025 10:20:30 B', 1762244430, 120],
    ['Tue, 4 Nov 2025 10:20:30 I', 1762219230, 540],
    ['Tue, 4 Nov 2025 10:20:30 J', 1762251630, 0],
    ['Tue, 4 Nov 2025 10:20:30 K', 1762215630, 600],
    ['Tue, 4 Nov 2025 10:20:30 L', 1762212030, 660],
    ['Tue, 4 Nov 2025 10:20:30 M', 1762208430, 720],
    ['Tue, 4 Nov 2025 10:20:30 N', 1762255230, -60],
    ['Tue, 4 Nov 2025 10:20:30 O', 1762258830, -120],
    ['Tue, 4 Nov 2025 10:20:30 Y', 1762294830, -720],
    ['Tue, 4 Nov 2025 10:20:30 Z', 1762251630, 0],
    ['Tue, 4 Nov 2025 10:20:30 edt', 1762251630, 0],
    ['Tue, 4 Nov 2025 10 : 20 : 30 +0200', 1762244430, 120],
    ['Tue, 4 Nov 2025 10:20:30+0200', 0, 0],
    ['Tue,4 Nov 2025 10:20:30 +0200', 1762244430, 120],
    ['4 Nov 2025 10:20:30 (x) +0200', 1762244430, 120],
    ['Tue, 4 No 2025 10:20:30 +0200', 0, 0],
    ['Tues, 4 Nov 2025 10:20:30 +0200', 0, 0],
    ['Tue, 04-Nov-2025 10:20:30 +0200', 0, 0],
    ['Tue, 004 Nov 2025 10:20:30 +0200', 0, 0],
    ['Tue, 4 Nov 2025 24:00:00 +0200', 0, 0],
    ['Tue, 4 Nov 2025 10:20:99 +0200', 0, 0],
    ['Tue, 4 Nov 2025 8:20:30 +0200', 1762237230, 120],
    ['Tue, 4 Nov 2025 10:20:30 GMT+2', 1762251630, 0],
    ['"Tue", 4 Nov 2025 10:20:30 +0200', 0, 0],
    ['Tue, 4 Nov 2025 10:20:30 +0200.', 1762244430, 120],
    ['Tue, 4 Nov 2025 (a (b) c) 10:20:30 -0700 (PDT)', 1762276830, -420],
  ];
  it.each(rows)('%j', (text, date, tz) => {
    expect(factsOf(`Date: ${text.replaceAll('\n', '\r\n')}`)).toMatchObject({ date, tz });
  });
});

/** Field of the event, head of the message, what it is. */
const fields: readonly (readonly [field: string, head: string, wanted: string])[] = [
  ['from_display_name', 'From: (c) a@x', ''],
  ['from_display_name', 'From: (c) a@x (d)', 'd'],
  ['from_display_name', 'From: (c) <a@x>', ''],
  ['from_display_name', 'From: (c) Al <a@x>', 'Al'],
  ['from_display_name', 'From: a (c) @x', 'c'],
  ['from_display_name', 'From: (c) root', ''],
  ['from_address', 'From: Al (c), b@y', 'Al'],
  ['from_display_name', 'From: =?nosuch?q?=C4l?= <a@x>', '\ufffdl'],
  ['subject', 'Subject: =?x-unknown?q?a=FFb?=', 'a\ufffdb'],
  ['subject', 'Subject: =?nosuch?b?YWJj?=', 'abc'],
  ['subject', 'Subject: =?us-ascii?q?=C3=BC?=', 'ü'],
  ['subject', 'Subject: =?utf-8?q?a?= =?nosuch?q?b?=', 'ab'],
  ['subject', 'Subject: =?utf-8?x?a?=', '=?utf-8?x?a?='],
  ['subject', 'Subject:\r\n x', '\n x'],
  ['subject', 'Subject:  \r\n  x', '\n  x'],
  ['to', 'To:\r\n Al <a@x>', '\n Al <a@x>'],
  ['to_address', 'To:\r\n Al <a@x>', 'a@x'],
  ['message_id', 'Message-ID:\r\n <a@x>', '\n <a@x>'],
];
it.each(fields)('%s of %j is %j', (field, head, wanted) => {
  expect(shown(factsOf(head)[field])).toBe(wanted);
});

const TEXT = 'Content-Type: text/plain; charset=utf-8';
const HTML = 'Content-Type: text/html; charset=utf-8';
const mixed = (sub: string, ...parts: readonly string[]): readonly [string, string] => [
  `Content-Type: multipart/${sub}; boundary=B`,
  `${parts.map((part) => `--B\r\n${part}\r\n`).join('')}--B--`,
];
const snippets: readonly (readonly [head: string, body: string, wanted: string])[] = [
  ['Content-Type: text', '<b>x</b>', ''],
  ['Content-Type: text/', '<b>x</b>', ''],
  ['Content-Type: /plain', '<b>x</b>', ''],
  ['Content-Type: garbage', '<b>x</b>', ''],
  ['Content-Type: ', '<b>x</b>', ''],
  ['Content-Type: text/plain (c)', '<b>x</b>', '<b>x</b>'],
  ['Content-Type: Text/Html;Charset="UTF-8"', '<b>x</b> y', 'x y'],
  [
    ...mixed('alternative', 'Content-Type: garbage\r\n\r\ng', 'Content-Type: text/plain\r\n\r\nplain'),
    'plain',
  ],
  [...mixed('mixed', 'Content-Type: garbage\r\n\r\ng', 'Content-Type: text/plain\r\n\r\nplain'), 'plain'],
  [`${TEXT}\r\nContent-Transfer-Encoding: x-unknown`, 'YWJj', ''],
  [`${TEXT}\r\nContent-Transfer-Encoding: uuencode`, 'YWJj', ''],
  [`${TEXT}\r\nContent-Transfer-Encoding: `, 'YWJj', ''],
  [`${TEXT}\r\nContent-Transfer-Encoding: "base64"`, 'YWJj', ''],
  [`${TEXT}\r\nContent-Transfer-Encoding: base64 (c)`, 'YWJj', 'abc'],
  [`${TEXT}\r\nContent-Transfer-Encoding: quoted-printable; x=y`, 'a=20b', 'a b'],
  [`${TEXT}\r\nContent-Transfer-Encoding: 7BIT`, 'x', 'x'],
  ['Content-Type: text/plain; charset=nosuch', 'ü valid', 'ü valid'],
  [HTML, '<![cdata[x]]>', 'x'],
  [HTML, '<![CDATA[a<b]]>x', 'a<bx'],
  ...['QUOT', 'COPY', 'REG', 'LT', 'GT', 'AMP', 'num', 'excl', 'Tab'].map(
    (name): readonly [string, string, string] => [HTML, `a&${name};b`, 'ab'],
  ),
  [HTML, 'a&apos;&quot;&amp;&lt;&gt;b', `a'"&<>b`],
  [HTML, '&ETH;&THORN;&eth;&Ouml;&hellip;&euro;', 'ÐÞðÖ…€'],
];
it.each(snippets)('the snippet of %j with %j is %j', (head, body, wanted) => {
  expect(shown(factsOf(head, body).snippet)).toBe(wanted);
});
