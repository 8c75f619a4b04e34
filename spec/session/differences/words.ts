// The words that the lists of differences share: replies, messages, and changes that several of them make.
import { all, answer, appends, type Change, endsWith, hooks } from '../change.ts';
import type { LogEntry, Transcript } from '../transcript.ts';

export interface Difference {
  readonly cases: readonly (string | RegExp)[];
  readonly reason: string;
  readonly change: Change;
}

export const OK = '250 2.0.0 OK\r\n';
export const NO_PIPELINING = '550 5.3.3 pipelining not allowed\r\n';
export const ACCEPTED = '250 2.0.0 message {{ID_TRANS}} accepted\r\n';
export const CLOSING = '221 2.0.0 {{HOST}} closing connection {{ID_SESS}}\r\n';
export const SENDER = '250 2.1.0 sender <alice@example.com> OK\r\n';
export const RCPT = '250 2.1.0 recipient <bob@example.org> OK\r\n';
export const GO = '354 enter mail, end with "." on a line by itself\r\n';
export const MESSAGE =
  'Subject: hello\r\nFrom: alice@example.com\r\nTo: bob@example.org\r\n\r\nThis is the body.\r\n';
export const EHLO = 'EHLO {{HOST}}\r\n';
export const MAIL = 'MAIL FROM:<alice@example.com>';
export const TO = 'RCPT TO:<bob@example.org>\r\n';
export const QUIT = 'QUIT\r\n';
export const DELIVERED = [EHLO, MAIL, TO, 'DATA\r\n', MESSAGE, QUIT];

export const unknown = (line: string): string => `502 5.5.1 ${line} command unknown\r\n`;
export const outOfSequence = (line: string): string => `503 5.5.1 ${line} out of sequence\r\n`;
export const reply = (text: string): LogEntry => ['reply', text];

/** A command that is none for us: what was called for it gives way to hook.unknown. */
export const isUnknown = (line: string, ...called: readonly LogEntry[]): Change =>
  all(answer(line, unknown(line)), (transcript) =>
    hooks([...called, reply(unknown(line))], [['unknown', line], reply(unknown(line))])(transcript),
  );

/** A hello after a banner that refused. */
export const helloRefused = (transcript: Transcript): Transcript =>
  all(
    answer('EHLO client.example', outOfSequence('EHLO client.example')),
    hooks(
      [['ehlo', 'client.example'], reply(outOfSequence('EHLO client.example')), ['reset']],
      [['out_seq', 'EHLO client.example'], reply(outOfSequence('EHLO client.example'))],
    ),
  )(transcript);

/** A line that was refused for its path and is taken now. */
export const taken = (verb: 'mail' | 'rcpt', line: string, address: string, domain: string): Change => {
  const ok =
    verb === 'mail' ? `250 2.1.0 sender <${address}> OK\r\n` : `250 2.1.0 recipient <${address}> OK\r\n`;
  return all(answer(line, ok), hooks([reply(ok)], [[verb, address, domain], reply(ok)]));
};

/** The bytes of a message end with CRLF.CRLF, and the hooks see it so. */
export const message = (text: string, end: string, content: string, rest: readonly LogEntry[]): Change =>
  all(end === '' ? (transcript) => transcript : appends(text, end), (transcript) => {
    const at = transcript.hook_log.findIndex(([name, chunk]) => name === 'reply' && chunk === GO);
    const dot = transcript.hook_log.findIndex(([name]) => name === 'dot');
    return {
      ...transcript,
      hook_log: [
        ...transcript.hook_log.slice(0, at + 1),
        ['content', content],
        ...rest,
        ...transcript.hook_log
          .slice(dot)
          .map((entry): LogEntry => (entry[0] === 'spool' ? ['spool', content] : entry)),
      ],
    };
  });

/** What the hooks saw of a message that is sent as it was. */
export const seen = (text: string, content: string, rest: readonly LogEntry[]): Change =>
  message(text, '', content, rest);

/** Input behind a command, where pipelining is refused: it is there only when it comes in the same packet. */
export function dropped(line: string, kept: number): Change {
  return all(endsWith(line, NO_PIPELINING, kept, 2), (transcript) => ({ ...transcript, as_recorded: true }));
}

/** The original was dead after its reply; we go on. */
export function afterCrash(transcript: Transcript): Transcript {
  return {
    ...transcript,
    steps: [
      ...transcript.steps.filter((step) => step.expect_close === undefined),
      { send: QUIT },
      { expect: CLOSING },
      { expect_close: true },
    ],
    hook_log: [...transcript.hook_log, ['reset'], ['quit'], reply(CLOSING), ['close', 0]],
  };
}

export function sendResult([, ok, taken, replies]: LogEntry): LogEntry {
  return ['result', ok === 1, taken ?? null, replies ?? null, '{{ANY}}'];
}
