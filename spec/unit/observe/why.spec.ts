// `smtpe why` without its files: the lines of the log are read as they were written, text and JSON alike, and nothing that a stranger has put
// into one is taken for another; every mail of a long log is found by its sender and by its recipient.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventFields } from '../../../src/base/events.ts';
import { Finder, type Story } from '../../../src/observe/why/finder.ts';
import { type ReadRecord, readLogLine } from '../../../src/observe/why/log-record.ts';
import { readMoment, readWhyWords } from '../../../src/observe/why/query.ts';
import { storyText } from '../../../src/observe/why/story-text.ts';
import { formatSyslog } from '../../../src/ops/syslog-line.ts';
import { writtenLog } from '../../fakes/written-log.ts';

const NOW = Date.parse('2026-11-29T12:00:00Z');

function mail(given: Partial<EventFields<'mail'>> = {}): EventFields<'mail'> {
  return {
    ...{ result: 'accepted', from: 'a@b.example', transaction: '2ARDVb309891774101' },
    message_id: '<1@b.example>',
    ...{ bytes: 282, code: 250, cause: 'hook.forward', client: '192.0.2.7', host: 'mx.b.example', helo: 'c' },
    ...{ ms_mail: 1, ms_rcpt: 2, ms_data: 3, ms_policy: 4, ms_forward: 5, policy: 17, recipients: 1 },
    to: [{ to: 'y@example.org', status: 250 }],
    ...given,
  };
}

/** The line of an event as text and as JSON. */
function linesOf(fields: EventFields<'mail'>, id = '2ARDVb309891774100'): readonly [string, string] {
  const { json, lines, log } = writtenLog([]);
  log.child({ id }).emit('mail', fields);
  return [lines[0] ?? '', json[0] ?? ''];
}

function found(words: readonly string[], lines: readonly string[]): readonly Story[] {
  const { problems, query } = readWhyWords([...words, 'x'], NOW);
  expect(problems).toEqual([]);
  const stories: Story[] = [];
  const finder = new Finder(query, (story) => stories.push(story));
  for (const line of lines) {
    const record = readLogLine(line);
    if (record !== undefined) finder.take(record);
  }
  finder.end();
  return stories;
}

describe('a line is read as it was written', () => {
  it.each([0, 1])('text and JSON (%i)', (form) => {
    const to = [
      { to: 'y@example.org', status: 250 },
      { to: '"a b=\\"c"@d', status: 550, why: 'no "such" user' },
    ];
    const read = readLogLine(linesOf(mail({ to }))[form] ?? '');
    expect(read).toMatchObject({
      event: 'mail',
      id: '2ARDVb309891774100',
      fields: {
        result: 'accepted',
        from: 'a@b.example',
        message_id: '<1@b.example>',
        bytes: '282',
        ms_forward: '5',
      },
      to: [
        { to: 'y@example.org', status: '250' },
        { to: '"a b=\\"c"@d', status: '550', why: 'no "such" user' },
      ],
    });
    expect(Math.abs((read?.time ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  it('whatever a stranger has put into it', () => {
    const text = fc.string({
      unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    });
    fc.assert(
      fc.property(text, text, text, (from, helo, recipient) => {
        const to = `${recipient}x`;
        for (const line of linesOf(mail({ from, helo, to: [{ to, status: 250 }] }))) {
          const read = readLogLine(line.trimEnd());
          expect([read?.fields.from, read?.fields.helo, read?.to]).toEqual([
            from,
            helo,
            [{ to, status: '250' }],
          ]);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('as journalctl shows it, and as rsyslog writes it', () => {
    const [text, json] = linesOf(mail());
    const at = '2026-11-29T12:03:11+0100 mx smtpe[42]: ';
    for (const line of [`Nov 29 12:03:11 mx smtpe[42]: ${text}`, at + text, at + json, `<6>${text}`])
      expect(readLogLine(line)).toMatchObject({ event: 'mail', to: [{ to: 'y@example.org' }] });
    const record = { time: NOW, level: 'info', message: 'mail', fields: { id: 'S1', ...mail() } } as const;
    const sent = formatSyslog(record, 'mx', 42);
    const [, time = '', host = '', body = ''] = /^<\d+>1 (\S+) (\S+) smtpe 42 - - (.*)$/.exec(sent) ?? [];
    expect(readLogLine(`${time} ${host} smtpe[42]: ${body}`)).toMatchObject({
      event: 'mail',
      id: 'S1',
      time: NOW,
    });
  });

  it.each([
    '',
    'mail result=accepted from=a to=b',
    '2026-11-29T12:03:11Z smtpe[1] info S1 mail result=accepted from="a" to="b"c',
    '2026-11-29T12:03:11Z smtpe[1] info S1 mail result=accepted from=a "x',
    '2026-11-29T12:03:11Z smtpe[1] info S1 mail and more',
    '{"msg":"mail","id":"S1"',
    '{"msg":"mail","to":"x"}',
    '["msg":"mail"]',
    '{"msg":"mails","id":"S1"}',
    `2026-11-29T12:03:11Z smtpe[1] info S1 ${'mail '.repeat(1000)}`,
  ])('%j is none of ours', (line) => {
    expect(readLogLine(line)).toBeUndefined();
  });

  it('as far as it goes when it was cut', () => {
    const [line] = linesOf(mail({ to: [{ to: 'y@example.org', status: 550, why: 'no such user' }] }));
    for (let length = line.indexOf(' status='); length < line.length; length++)
      expect(readLogLine(line.slice(0, length))?.to).toMatchObject([{ to: 'y@example.org' }]);
  });

  it('what a policy writes is no mail, though a stranger has said so', () => {
    const { json, lines, log } = writtenLog([]);
    const [genuine] = linesOf(mail());
    const forged = genuine.slice(genuine.indexOf(' mail ') + 1);
    for (const subject of [forged, `refused ${forged}`, `x\n${genuine}`, ` ${forged}`, `- ${forged}`])
      log.child({ id: 'S1' }).write('info', subject);
    log.child({ id: 'S1' }).write('info', 'subject', { subject: genuine, reply: forged });
    for (const line of [...lines, ...json]) expect(readLogLine(line.trimEnd())).toBeUndefined();
  });
});

describe('every mail of a long log is found', () => {
  const COUNT = 10_000;
  const lines: string[] = [];
  const { json, lines: texts, log } = writtenLog([]);
  for (let i = 0; i < COUNT; i++) {
    const session = log.child({ id: `S${String(i).padStart(15, '0')}00` });
    const to = [{ to: `rcpt${i}@example.org`, status: i % 3 === 0 ? 550 : 250 }];
    session.emit(
      'mail',
      mail({ from: `from${i}@b.example`, transaction: `S${String(i).padStart(15, '0')}01`, to }),
    );
    lines.push((i % 2 === 0 ? texts : json)[i] ?? '');
  }
  const records = lines.map((line) => readLogLine(line)).filter((read) => read !== undefined);

  it('by sender and by recipient', () => {
    expect(records).toHaveLength(COUNT);
    for (let i = 3; i < COUNT; i += 499) {
      for (const word of [
        `from=from${i}@B.example`,
        `to=<rcpt${i}@example.org>`,
        `id=S${String(i).padStart(15, '0')}01`,
      ]) {
        const told: ReadRecord[] = [];
        const finder = new Finder(readWhyWords([word, 'x'], NOW).query, (story) => {
          if (story.kind === 'mail') told.push(story.mail);
        });
        for (const record of records) finder.take(record);
        expect(told.map(({ fields }) => fields.from)).toEqual([`from${i}@b.example`]);
      }
    }
  });
});

describe('a story', () => {
  const at = '2026-11-29T12:03:11.345+01:00 smtpe[42] info 2ARDVb309891774100 ';
  const refusal = `${at}refused reply="550 5.1.1 no such user" cause=hook.rcpt command="RCPT TO:<bad@example.com>" from=a@b.example client=192.0.2.7`;
  const line = `${at}mail result=accepted from=a@b.example transaction=2ARDVb309891774101 message_id=<abc@b.example> bytes=282 code=250 cause="mx-a:25 took it" client=192.0.2.7 host=mx.b.example helo=mx tls=TLSv1.3 user=joe next_hop=mx-a:25 next_hop_tls=TLSv1.2 queue_id=B061E22E8AE ms_mail=1 ms_rcpt=2 ms_data=3 ms_policy=4 ms_forward=31 policy=17 recipients=2 to_more=3 to=y@example.org status=250 to=bad@example.com status=550 why=hook.rcpt`;
  const lone = `${at.replace('17741', '17742')}refused reply="501 5.5.4 bad" cause=badPath command="MAIL FROM:<x@y.example> FOO" client=192.0.2.8`;
  const turnedAway = `${at.replace('2ARDVb309891774100', '-')}refused reply="421 4.7.0 too fast" cause=rate client=192.0.2.9`;
  const over = `${at.replace('17741', '17742')}session client=192.0.2.8 host=h hello=x`;
  const log = [turnedAway, lone, refusal, line, over];

  it('has what the line says and the reply of each refusal', () => {
    expect(found(['to=bad@example.com'], log).map(storyText)).toEqual([
      [
        '2026-11-29T12:03:11.345+01:00 accepted, 282 bytes  <abc@b.example>',
        '  from      <a@b.example>',
        '  client    192.0.2.7 mx.b.example, helo mx, TLSv1.3, logged in as joe',
        '  to        y@example.org    250',
        '            bad@example.com  550 hook.rcpt: 550 5.1.1 no such user',
        '            ... and 3 more that the log does not name',
        '  next hop  mx-a:25 (TLSv1.2), where it is B061E22E8AE',
        '  cause     mx-a:25 took it',
        '  took      mail 1 ms, rcpt 2 ms, data 3 ms, forward 31 ms; hooks 4 ms of it, policy revision 17',
        '  id        2ARDVb309891774101, session 2ARDVb309891774100',
        '',
      ].join('\n'),
    ]);
  });

  it('is told of refusals that no mail belongs to', () => {
    expect(found(['from=x@y.example'], log).map(storyText)).toEqual([
      [
        '2026-11-29T12:03:11.345+01:00 refused without a mail: 501 5.5.4 bad',
        '  client    192.0.2.8',
        '  command   MAIL FROM:<x@y.example> FOO',
        '  cause     badPath',
        '  id        session 2ARDVb309891774200',
        '',
      ].join('\n'),
    ]);
    expect(found(['client=192.0.2.9'], log).map(({ kind }) => kind)).toEqual(['refusal']);
  });

  it.each([
    [['from=a@b.example'], 1],
    [['from=*@B.EXAMPLE'], 1],
    [['from=*@c.example'], 0],
    [['to=y@example.org', 'from=a@b.example'], 1],
    [['to=y@example.org', 'from=x@y.example'], 0],
    [['to=*@example.*'], 1],
    [['id=2ARDVb309891774101'], 1],
    [['id=2ARDVb309891774100'], 1],
    [['id=2ARDVb309891774102'], 0],
    [['message-id=abc@b.example'], 1],
    [['message_id=<abc@b.example>'], 1],
    [['client=192.0.2.0/24'], 3],
    [['client=192.0.2.7', 'since=2026-11-29T11:03:11Z'], 1],
    [['client=192.0.2.7', 'since=2026-11-29T11:03:12Z'], 0],
    [['client=192.0.2.7', 'until=2026-11-29T11:03:12Z'], 1],
    [['client=192.0.2.7', 'until=2026-11-29T11:03:11Z'], 0],
    [['client=192.0.2.7', 'since=1h'], 1],
    [['client=192.0.2.7', 'since=30m'], 0],
    [[], 3],
  ])('%j finds %i', (words, count) => {
    expect(found(words, log)).toHaveLength(count);
  });

  it('keeps a bounded number of refusals, and loses none of them', () => {
    const many = Array.from({ length: 5000 }, (_, i) =>
      lone.replace('2ARDVb3098917742', `S${String(i).padStart(15, '0')}`),
    );
    expect(found(['client=192.0.2.8'], many)).toHaveLength(5000);
    const one = Array.from({ length: 100 }, () => lone);
    expect(found(['client=192.0.2.8'], one)).toHaveLength(100);
  });

  it('says nothing to the terminal that a stranger has written', () => {
    const [text] = linesOf(mail({ from: '\x1b[2Ja\n', helo: '\x07' }));
    expect(found([], [text]).map(storyText).join('')).toMatch(/^[\x20-\x7e\n]*$/);
  });
});

describe('words', () => {
  it.each([
    ['fron=a', 'did you mean from=?'],
    ['subject=a', 'there are from, to, id, message-id, client, since, until'],
    ['to=', 'to= needs a value'],
    ['since=yesterday', 'since=yesterday: expected e.g. 2h'],
    ['until=25:00', 'until=25:00: expected'],
    ['client=mx.example', 'client=mx.example: expected an address or a network'],
  ])('%s', (word, problem) => {
    expect(readWhyWords([word, 'smtpe.log'], NOW).problems.join()).toContain(problem);
  });

  it('need a file, and one of each kind', () => {
    expect(readWhyWords(['to=x'], NOW).problems.join()).toContain('no log file is named; "-" reads stdin');
    expect(readWhyWords(['to=x', 'to=y', 'f'], NOW).problems).toEqual(['to= is given twice']);
    expect(readWhyWords(['f', 'to=x', './a=b', '-'], NOW)).toMatchObject({
      files: ['f', './a=b', '-'],
      problems: [],
    });
    // The null sender.
    expect(readWhyWords(['from=', 'f'], NOW).problems).toEqual([]);
  });

  it.each([
    ['2h', NOW - 7_200_000],
    ['90s', NOW - 90_000],
    ['2026-11-29T12:00:00+01:00', NOW - 3_600_000],
    ['2026-11-29T12:00:00.5Z', NOW + 500],
    ['2026-11-29T12:00', new Date(2026, 10, 29, 12).getTime()],
    ['2026-11-29 12:00', new Date(2026, 10, 29, 12).getTime()],
    ['2026-11-29', new Date(2026, 10, 29).getTime()],
    ['10:30', new Date(NOW).setHours(10, 30, 0, 0)],
    ['2026-13-29', undefined],
    ['2x', undefined],
  ])('%s is a time', (text, time) => {
    expect(readMoment(text, NOW)).toBe(time);
  });
});
