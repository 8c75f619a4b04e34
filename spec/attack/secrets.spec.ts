// Names and passwords of AUTH never get into the log: with every group of lines on, in every way an AUTH can go, and when it goes wrong.
import { afterEach, describe, expect, it } from 'vitest';
import { WholeServer } from '../fakes/whole-server.ts';
import { type WrittenLog, writtenLog } from '../fakes/written-log.ts';

const SECRET = 'open-sesame-4711';
const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64');
const PLAIN = base64(`\0someone\0${SECRET}`);
const USER = base64('someone');
const PASSWORD = base64(SECRET);

/** What a client sends, line by line; `ehlo` has been said before when it is wanted. */
const dialogues: readonly (readonly [string, readonly string[]])[] = [
  ['PLAIN at once', ['EHLO c', `AUTH PLAIN ${PLAIN}`]],
  ['PLAIN in a dialogue', ['EHLO c', 'AUTH PLAIN', PLAIN]],
  ['LOGIN in a dialogue', ['EHLO c', 'AUTH LOGIN', USER, PASSWORD]],
  ['LOGIN with the name at once', ['EHLO c', `AUTH LOGIN ${USER}`, PASSWORD]],
  ['LOGIN with everything at once', ['EHLO c', `AUTH LOGIN ${USER} ${PASSWORD}`]],
  ['too many words', ['EHLO c', `AUTH PLAIN ${PLAIN} ${PLAIN} ${PASSWORD}`]],
  ['small letters and tabs', ['EHLO c', `auth\tplain\t${PLAIN}`]],
  ['a blank in front', ['EHLO c', ` AUTH PLAIN ${PLAIN}`]],
  ['no blank between', ['EHLO c', `AUTHPLAIN ${PLAIN}`, `AUTH=PLAIN ${PLAIN}`]],
  ['another mechanism', ['EHLO c', `AUTH CRAM-MD5 ${PASSWORD}`]],
  ['before EHLO', [`AUTH PLAIN ${PLAIN}`]],
  ['behind HELO', ['HELO c', `AUTH PLAIN ${PLAIN}`]],
  ['in a transaction', ['EHLO c', 'MAIL FROM:<a@b.example>', `AUTH PLAIN ${PLAIN}`]],
  ['a second time', ['EHLO c', `AUTH PLAIN ${PLAIN}`, `AUTH PLAIN ${PLAIN}`]],
  [
    'not base64',
    ['EHLO c', `AUTH PLAIN ${SECRET}!`, 'AUTH PLAIN', `${SECRET}!`, 'AUTH LOGIN', USER, `${SECRET} !`],
  ],
  ['NUL in an answer', ['EHLO c', 'AUTH PLAIN', `${PLAIN}\0`, `AUTH PLAIN \0${PLAIN}`]],
  ['CR in an answer', ['EHLO c', 'AUTH LOGIN', USER, `\r${PASSWORD}\r x`]],
  [
    'too long an answer',
    ['EHLO c', 'AUTH PLAIN', PASSWORD.repeat(300), `AUTH PLAIN ${PASSWORD.repeat(300)}`],
  ],
  ['given up', ['EHLO c', 'AUTH LOGIN', USER, '*']],
  ['left in the middle', ['EHLO c', 'AUTH LOGIN', USER]],
];

const policies: readonly (readonly [string, string])[] = [
  ['accepts', "function hook.auth() return '235 2.7.0 ok' end"],
  ['refuses', "function hook.auth(line) return '535 5.7.8 not with ' .. line end"],
  ['is silent', 'function hook.auth() end'],
  ['fails', 'function hook.auth(line) local t = nil; return t.x end'],
  ['is not there', ''],
  ['sees replies', "function hook.auth() end function hook.reply(line) return (line:gsub('^5', '4')) end"],
];

let server: WholeServer;
let written: WrittenLog;
afterEach(() => server.stop());

describe.each(policies)('hook.auth %s', (_what, policy) => {
  it.each(dialogues)('%s: nothing of it in the log', async (_how, lines) => {
    written = writtenLog();
    server = await WholeServer.start({ policy, writeTo: written.log });
    const client = server.inMemory();
    await client.reply();
    for (const line of lines) {
      client.send(`${line}\r\n`);
      if ((await client.reply()) === '') break;
    }
    client.stream.end();
    await client.over;
    const all = [...written.lines, ...written.json].join('\n');
    expect(all).toContain(' session ');
    for (const secret of [SECRET, PLAIN, PASSWORD, PASSWORD.slice(0, 12), PLAIN.slice(0, 20)])
      expect(all).not.toContain(secret);
  });
});
