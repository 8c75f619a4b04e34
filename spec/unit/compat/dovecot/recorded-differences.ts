// Where the answer to a recorded row (spec/vectors/dovecot.json) is another one than Dovecot's: what ours is, in the form of its replay, and why. Each is
// an example of a line of page-differences.ts, or has to do with the recording only.

interface Difference {
  /** Instead of what was recorded. */
  readonly ours?: unknown;
  /** Lines of its log, changed or removed ('') before they are compared. */
  readonly changes?: readonly (readonly [from: string | RegExp, to: string])[];
  /** More of them. */
  readonly lines?: readonly string[];
  /** It is due to how the row was recorded: nobody sees a difference. */
  readonly isOfRecording?: true;
  readonly why: string;
}

const begin = 'error: lua: lua_pcall(dovecot_lua_notify_begin_txn, 1, 1) failed: script.lua:1: in begin';

const noStandard =
  'entries that nobody has set (comment, admin, specialuse) are not there: they have no value';

const prefix = (user: string): Difference => ({
  changes: [[/^(\w+): db-lua/, `$1: lua(${user},192.0.2.7,<SESS1>): db-lua`]],
  isOfRecording: true,
  why: 'these were recorded without what is in front of every line of a request',
});

const secured: Difference = {
  changes: [['secured = string secured', 'secured = string ']],
  isOfRecording: true,
  why: 'the client of the recording said `secured`; ours has no TLS and is not on this machine',
};

const tableType: Difference = {
  changes: [['type no value', 'type table']],
  why: 'the original looks at the wrong place for the name of the type',
};

const withoutFields = (user: string): Difference => ({
  ours: { result: 'FAIL' },
  changes: [[/^error: .*$/, '']],
  lines: [`info: lua(${user},192.0.2.7,<SESS1>): No password returned (and no nopassword)`],
  why: '2.4 wants nil where there are no fields; without a password nobody is let in either',
});

/** By the id of the row. */
export const recordedDifferences: Readonly<Record<string, Difference>> = {
  'auth/allow-nets/4-d@example.test': {
    ours: { result: 'FAIL', code: 'user_disabled', reason: 'maintenance' },
    why: 'who may not log in gets 535 with the reason; Dovecot leaves that to the service that has asked',
  },
  'auth/pl-returns/2-onlynumber': withoutFields('onlynumber'),
  'auth/pl-returns/3-nil2': withoutFields('nil2'),
  'auth/pl-nopassword/7-g': {
    ours: { result: 'OK', user: 'g' },
    why: 'the process of the original dies of a field without a name: it is ignored with a warning',
  },

  'auth/allow-nets/10-j@example.test': {
    changes: [['info: ', 'info: lua(x,192.0.2.7,<SESS1>): ']],
    why: 'the line says whose log-in it is, as all others',
  },
  'auth/flags-and-consts/1-u': {
    changes: [
      [/-?\d\.0:float/g, 'N'],
      [/^info: PASSDB.*$/, ''],
      [' __name clear_flag', ' __name base64 clear_flag dict'],
      [/^info: Lua 5\.4.*$/, ''],
    ],
    why: 'numbers are shown as 1, base64 is there as in 2.4 and dict of ours, the Lua is 5.1 to scripts, and addresses vary',
  },
  'auth/logging-verbose/1-u': {
    changes: [
      [/^\w+: (?:\w )?at load$|^info: in script_init$|^error: line.*$/, ''],
      ['R: Info: replaced', 'info: R: replaced'],
      [/^info: multi$/, `info: multi\nline\ttab \x01 ctl \xc3\xa9`],
    ],
    why: 'the start is before this case; the level is a part of the line and no text; a line of the script is one entry, whose control characters the writer of the log encodes',
  },
  'auth/pl-codes-table/6--6': {
    changes: [
      [
        /Last passdb had noauthenticate field, cannot authenticate user$/,
        'the last database has left the decision to the next one (PASSDB_RESULT_NEXT)',
      ],
    ],
    why: 'it says what the script has done',
  },
  'auth/pl-returns/11-errtab': {
    changes: [['(null)', '(error object is a table value)']],
    why: 'as the standalone Lua says it',
  },
  'auth/pl-table-space/1-u@example.test': tableType,
  'auth/pl-table-space/2-u@example.test': tableType,
  'auth/req-fields/1-a.User@Sub.Example.test@x': secured,
  'auth/req-fields/2-plainuser': secured,
  'auth/response-template/1-Bob@Example.test': {
    changes: [[/^.*true table: ADDRESS$/, '']],
    isOfRecording: true,
    why: 'addresses vary',
  },
  'auth-chain/1-unknown': prefix('unknown'),
  'auth-chain/2-next': prefix('next'),
  'auth-chain/4-mismatch': prefix('mismatch'),
  'auth-chain/5-fail': prefix('fail'),

  'auth/init-error': {
    ours: 'script_init: script.lua:1: init boom',
    why: 'without the name of a C function',
  },
  'auth/init-float': {
    ours: 'script.lua: script_init() returned non-number',
    why: 'it names the file, as there may be several',
  },
  'auth/init-nil': { ours: 'starts', why: 'a script of 2.4 returns nothing' },
  'auth/init-nonzero': { ours: 'script.lua: Script init failed', why: 'it names the file' },
  'auth/syntax-error': {
    ours: "script.lua:2: <name> or '...' expected near <eof>",
    why: 'without the name of a C function',
  },

  'http/basic-statuses/noreason': {
    ours: [200, '', ''],
    why: 'a status line without a blank behind the code is taken, as everybody does',
  },
  'http/basic-statuses/garbage': {
    ours: [
      9007,
      'Invalid HTTP version in response: the response is not HTTP: Expected HTTP/, RTSP/ or ICE/',
      '',
    ],
    why: 'the same status and beginning; what comes from the server is not repeated',
  },
  'http/redirects/redir-rel': {
    ours: [200, 'Target', 'body /s/200/Target'],
    why: 'a relative place is followed (RFC 9110 section 10.2.2)',
  },
  'http/retries/flaky-3-noretry': {
    ours: [9005, 'Connection lost: the server closed before the response was complete', ''],
    why: 'the same status and beginning, in our words',
  },
  'http/request-wire/post-nul': {
    ours: [
      200,
      'OK',
      'POST /echo HTTP/1.1\nconnection: keep-alive\ncontent-length: 5\nhost: SERVER\n\nab\0cd',
    ],
    why: 'octets are kept, a NUL cuts nothing off',
  },
  'http/request-wire/propfind': {
    ours: [200, 'OK', 'PROPFIND /echo HTTP/1.1\nconnection: keep-alive\ncontent-length: 0\nhost: SERVER\n\n'],
    why: 'undici says that there is no content, where the method may have one',
  },
  'http/errors/payload-nil': {
    ours: 'setup error: expected 2 to 3 arguments, got 1',
    why: 'set_payload of 2.4 has one more argument',
  },
  'http/hdr-name-bad/hdr-name': {
    ours: 'setup error: header name must be a token',
    why: 'a header with a blank in its name is no HTTP (RFC 9110 section 5.1)',
  },

  'push-txn/begin-error/deliver': {
    ours: { result: '250', log: [begin, begin] },
    why: 'the process of the original dies of it; the message is there all the same',
  },
  'push-txn/script-init-fails/deliver': {
    ours: { problem: 'push-script: script.lua: Script init failed' },
    why: 'a script that cannot be started is found at the start or reload, and not at the first message',
  },
  'push-txn/script-syntax-error/deliver': {
    ours: { problem: "push-script: script.lua:1: <name> expected near '('" },
    why: 'a script that cannot be started is found at the start or reload, and not at the first message',
  },
  'push-txn/mail-lua-no-created/deliver': {
    ours: { result: '250', log: ['info: init', 'info: deinit'] },
    why: 'the original drops a script without mail_user_created at once',
  },

  'mail-user/deliver/md-list2': {
    ours: { ok: true, values: [{ '/private/key1': 'value1' }] },
    why: noStandard,
  },
  'mail-user/deliver/md-list-after': { ours: { ok: true, values: [[]] }, why: noStandard },
  'mailbox/deliver-1/md-list': {
    ours: { ok: true, values: [{ '/private/comment': 'hello' }] },
    why: noStandard,
  },
  'mailbox/deliver-2/md-list': {
    ours: { ok: true, values: [{ '/private/comment': 'hello', '/private/x': 'y' }] },
    why: noStandard,
  },
  'http/hdr-crlf': {
    ours: ['info: hdr-crlf setup error: header value must not contain CR, LF or NUL'],
    why: 'the process of the original dies of it',
  },
  'http/headers': {
    changes: [
      [/200\|OK\|$/, '200|OK|\0bin\xff'],
      [/script\.lua:17: /, ''],
    ],
    why: 'octets behind a NUL are there; an error of a call at the very end of a function names no line',
  },
  'push-seed/example-2': {
    changes: [['recent=1.0&unseen=1.0&messages=1.0', 'recent=1&unseen=1&messages=1']],
    why: 'numbers are shown as 1',
  },
};
