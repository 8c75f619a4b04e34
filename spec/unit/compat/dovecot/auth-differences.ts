// Where our answer to a recorded log-in is another one than Dovecot's, and why.

interface Difference {
  readonly ours: unknown;
  readonly why: string;
}

/** Lines changed or removed ('') before they are compared, and more of them. */
interface LogDifference {
  readonly changes?: readonly (readonly [from: string | RegExp, to: string])[];
  readonly ours?: readonly string[];
  readonly why: string;
}

const failed = { result: 'FAIL' };

export const authDifferences: Readonly<Record<string, Difference>> = {
  'auth/allow-nets/4-d@example.test': {
    ours: { result: 'FAIL', code: 'user_disabled', reason: 'maintenance' },
    why: 'who may not log in gets 535 with the reason; Dovecot leaves that to the service that has asked',
  },
  'auth/pl-returns/2-onlynumber': {
    ours: failed,
    why: '2.4 wants nil where there are no fields; without a password nobody is let in either',
  },
  'auth/pl-returns/3-nil2': {
    ours: failed,
    why: '2.4 wants nil where there are no fields; without a password nobody is let in either',
  },
  'auth/pl-nopassword/7-g': {
    ours: { result: 'OK', user: 'g' },
    why: 'the process of the original dies of a field without a name: it is ignored with a warning',
  },
};

const prefix = (user: string): LogDifference => ({
  changes: [[/^(\w+): db-lua/, `$1: lua(${user},192.0.2.7,<SESS1>): db-lua`]],
  why: 'these were recorded without what is in front of every line of a request',
});

const secured: LogDifference = {
  changes: [['secured = string secured', 'secured = string ']],
  why: 'the client of the recording said `secured`; ours has no TLS and is not on this machine',
};

const tableType: LogDifference = {
  changes: [['type no value', 'type table']],
  why: 'the original looks at the wrong place for the name of the type',
};

const noPassword = (user: string): LogDifference => ({
  changes: [[/^error: .*$/, '']],
  ours: [`info: lua(${user},192.0.2.7,<SESS1>): No password returned (and no nopassword)`],
  why: 'see authDifferences',
});

export const logDifferences: Readonly<Record<string, LogDifference>> = {
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
    ours: [],
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
  'auth/pl-returns/2-onlynumber': noPassword('onlynumber'),
  'auth/pl-returns/3-nil2': noPassword('nil2'),
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
    why: 'addresses vary',
  },
  'auth-chain/1-unknown': prefix('unknown'),
  'auth-chain/2-next': prefix('next'),
  'auth-chain/4-mismatch': prefix('mismatch'),
  'auth-chain/5-fail': prefix('fail'),
};

export const startDifferences: Readonly<Record<string, { readonly ours: string; readonly why: string }>> = {
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
};
