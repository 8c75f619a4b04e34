// Deliberate differences. What hooks see of a message, where it ends, what is refused.
import { all, answer, eachHook, hooks, ignoring, sends, steps } from '../change.ts';
import { ACCEPTED, type Difference, message, OK, reply, seen } from './words.ts';

export const messageDifferences: readonly Difference[] = [
  {
    cases: ['size-exceeded-by-content'],
    reason:
      'S8: smtp-max-size holds for the message itself; nothing of it beyond the limit is shown to hooks',
    change: all(
      answer('Subject: x', '552 5.3.4 message size exceeds 100\r\n'),
      eachHook((entry) => (/^(dot|forward)$/.test(entry[0]) ? undefined : entry)),
      ignoring('content', 'header', 'eoh', 'body'),
    ),
  },
  {
    cases: ['data-bare-lf'],
    reason:
      'only CRLF.CRLF ends a message, bare line ends in it become CRLF; a dot is stuffed only at the start of a line that CRLF began',
    change: message(
      'Subject: x\nTo',
      '\r\n.\r\n',
      'Subject: x\r\nTo: y\r\n\r\nline one\r\n..dot\r\nline two\r\n.\r\n\r\n',
      [
        ['header', 'Subject: x'],
        ['header', 'To: y'],
        ['eoh'],
        ['body', 'line one'],
        ['body', '..dot'],
        ['body', 'line two'],
        ['body', '.'],
        ['body', ''],
      ],
    ),
  },
  {
    cases: ['data-mixed-newlines'],
    reason: 'only CRLF.CRLF ends a message, bare line ends in it become CRLF',
    change: message(
      'Subject: x\r\nTo',
      '\r\n.\r\n',
      'Subject: x\r\nTo: y\r\n\r\nline one\r\nline two\r\n\r\n\r\n',
      [
        ['header', 'Subject: x'],
        ['header', 'To: y'],
        ['eoh'],
        ['body', 'line one'],
        ['body', 'line two'],
        ['body', ''],
        ['body', ''],
      ],
    ),
  },
  {
    cases: ['data-lf-message-crlf-dot'],
    reason: 'only CRLF.CRLF ends a message, bare line ends in it become CRLF',
    change: message('Subject: x\n', '.\r\n', 'Subject: x\r\n\r\nline one\r\n.\r\n', [
      ['header', 'Subject: x'],
      ['eoh'],
      ['body', 'line one'],
      ['body', '.'],
    ]),
  },
  {
    cases: ['data-empty', 'at-dot-empty-url'],
    reason: 'S19: an empty message is refused, as the original meant to',
    change: (transcript) => {
      const url = transcript.options.includes('smtp-error-url=http://err.test/')
        ? 'http://err.test/{{E}} '
        : '';
      return answer('.\r\n', `550 5.6.0 ${url}message {{ID_TRANS}} is empty\r\n`)(transcript);
    },
  },
  {
    cases: ['data-empty-lf'],
    reason: 'only CRLF.CRLF ends a message: this one has a line end for its content',
    change: all(
      sends('.\n', '.\n\r\n.\r\n'),
      hooks(
        [['eoh']],
        [
          ['content', '\r\n\r\n'],
          ['eoh'],
          ['body', ''],
          ['dot', '{{SPOOL}}/{{ID_TRANS}}'],
          ['spool', '\r\n\r\n'],
          ['forward', '{{SPOOL}}/{{ID_TRANS}}', 'alice@example.com', ['bob@example.org']],
        ],
      ),
    ),
  },
  {
    cases: ['data-dot-with-trailing-space'],
    reason: 'S2: the dot that a client adds to a line is taken away',
    change: seen('Subject', 'Subject: x\r\n\r\nline\r\n \r\nx\r\n', [
      ['header', 'Subject: x'],
      ['eoh'],
      ['body', 'line'],
      ['body', ' '],
      ['body', 'x'],
    ]),
  },
  {
    cases: ['data-chunks-dot-stuffed-start'],
    reason: 'S2: the dot that a client adds to a line is taken away',
    change: seen('Subject', 'Subject: x\r\n\r\nbody\r\n.stuffed\r\n', [
      ['header', 'Subject: x'],
      ['eoh'],
      ['body', 'body'],
      ['body', '.stuffed'],
    ]),
  },
  {
    cases: ['smart-dot-stuffed'],
    reason: 'S2: hooks see the message as it was written; on the wire it is stuffed again',
    change: seen('Subject', 'Subject: x\r\n\r\n.one\r\n.\r\ntwo\r\n', [
      ['header', 'Subject: x'],
      ['eoh'],
      ['body', '.one'],
      ['body', '.'],
      ['body', 'two'],
    ]),
  },
  {
    cases: ['data-chunks-header-split'],
    reason: 'S4: a line is one line however it arrives',
    change: hooks(
      [
        ['header', 'Subj'],
        ['header', 'ect: x'],
      ],
      [['header', 'Subject: x']],
    ),
  },
  {
    cases: ['data-chunks-body-split'],
    reason: 'S4: a line is one line however it arrives',
    change: hooks(
      [
        ['body', 'hello wo'],
        ['body', 'rld'],
      ],
      [['body', 'hello world']],
    ),
  },
  {
    cases: ['data-chunks-fold-split'],
    reason: 'S4: a folded header is one header however it arrives',
    change: hooks(
      [
        ['header', 'Subject: a'],
        ['header', ' folded'],
      ],
      [['header', 'Subject: a\r\n folded']],
    ),
  },
  {
    cases: ['data-chunks-crlf-split'],
    reason: 'S4: a line end is one line end however it arrives',
    change: hooks(
      [
        ['body', 'body line'],
        ['body', ''],
      ],
      [['body', 'body line']],
    ),
  },
  {
    cases: ['data-chunks-blank-line-split'],
    reason: 'S4: a line end is one line end however it arrives',
    change: hooks([['header', ''], ['eoh']], [['eoh']]),
  },
  {
    cases: ['data-chunks-dot-mid-line'],
    reason:
      'S3: a dot at the start of a read is no end of the message when it stands in the middle of a line',
    change: all(
      steps(12, 13, [{ send: '.\r\n.\r\n' }]),
      eachHook((entry) => {
        if (entry[0] === 'body') return ['body', 'ends with no newline.'];
        return entry[0] === 'content' || entry[0] === 'spool'
          ? [entry[0], 'Subject: x\r\n\r\nends with no newline.\r\n']
          : entry;
      }),
    ),
  },
  {
    cases: ['data-chunks-dot-crlf-split', 'data-chunks-dot-split'],
    reason: 'S3: the end of the message is found however it arrives; what follows are commands',
    change: all(
      steps(13, 16, [{ expect: ACCEPTED }, { send: 'NOOP\r\n' }, { expect: OK }]),
      eachHook((entry) =>
        entry[0] === 'content' || entry[0] === 'spool' ? [entry[0], 'Subject: x\r\n\r\nbody\r\n'] : entry,
      ),
      eachHook((entry) => (entry[0] === 'body' && entry[1] !== 'body' ? undefined : entry)),
      hooks([['reset'], ['quit']], [['reset'], ['noop'], reply(OK), ['quit']]),
    ),
  },
  {
    cases: ['data-large'],
    reason: 'S38: client.message_length is the length of the message',
    change: hooks([['dot', 82816, 82816, 82817]], [['dot', 82816, 82816, 82816]]),
  },
  {
    cases: ['data-header-550-dot-250'],
    reason:
      'the refusal of hook.header is final: hook.dot is called, but cannot take it back, and nothing is forwarded',
    change: all(
      answer('Subject', '550 5.7.1 header\r\n'),
      eachHook((entry) => (entry[0] === 'forward' ? undefined : entry)),
    ),
  },
  {
    cases: ['data-msg-file', 'client-table-fields'],
    reason:
      'engine 9.3 #45: client.message_length goes with the transaction; client.thread was a number inside the original',
    change: (transcript) => {
      /** After the first message until the next one is at dot. */
      let over = false;
      return eachHook((entry) => {
        const [name, hook, ...values] = entry;
        if (hook === 'dot') over = false;
        const shown = values.map((value, i) => {
          if (Array.isArray(value))
            return value.filter(
              (field) => field !== 'thread:number' && !(over && field === 'message_length:number'),
            );
          return name === 'client' && over && i === 2 ? null : value;
        });
        if (
          hook === 'reset' &&
          JSON.stringify(values).includes(name === 'fields' ? 'message_length' : 'SPOOL')
        )
          over = true;
        return [name, ...(hook === undefined ? [] : [hook]), ...shown];
      })(transcript);
    },
  },
];
