// What a session knows, from when to when: the single source of doc/hooks.md "What holds how long", of the fields that go at a moment, and of
// the spec that walks through it (spec/session/facts.spec.ts). RFC 5321 section 4.1.4, RFC 4954 section 4, Postfix XCLIENT_README.
import type { LuaRecord } from '../../lua-api/value.ts';

/** Moments at which something begins or ends. */
export const moments = {
  connect: 'a client connects, before `hook.accept`',
  command: 'the next command line',
  pipelined: 'a command came before the reply to the last one',
  hello: 'a positive reply to EHLO or HELO',
  'hello-refused': 'a refused EHLO or HELO',
  starttls: 'the handshake behind STARTTLS is done, before `hook.reset`',
  'auth-hook': '`hook.auth` is called',
  'auth-done': '`hook.auth` has returned',
  auth: '235 to AUTH',
  'auth-refused': 'a refused AUTH',
  'mail-hook': '`hook.mail` is called',
  'mail-refused': 'a refused MAIL',
  'rcpt-hook': '`hook.rcpt` is called',
  'rcpt-done': '`hook.rcpt` has returned',
  'data-hook': '`hook.data` is called',
  'dot-hook': '`hook.dot` is called',
  rset: 'RSET',
  'message-end': 'the reply at the end of the message',
  xclient: 'XCLIENT that is taken',
  close: 'the end of the session',
} as const;

export type Moment = keyof typeof moments;

export interface FactSpec {
  /** As a policy or a reader of the documentation knows it. */
  readonly shown: string;
  readonly begins: readonly Moment[];
  /** Besides `close`. */
  readonly ends: readonly Moment[];
  /** The field of the Lua table `client` that shows it; it is removed when the fact ends. */
  readonly field?: string;
  /** It begins only where the client has said a parameter of MAIL or RCPT: without one nothing is to be removed. */
  readonly fromParameter?: true;
  /** More about it. */
  readonly note?: string;
}

/** What ends a transaction that MAIL has opened. hook.reset runs then, while it is still there. */
const TRANSACTION_ENDS = ['hello', 'rset', 'message-end'] as const satisfies readonly Moment[];

/** A refused MAIL has opened nothing: what hook.mail has seen and done ends with it. */
const REFUSED_TOO = ['mail-refused', ...TRANSACTION_ENDS] as const satisfies readonly Moment[];

export const factTable = {
  address: {
    shown: '`client.address`, `client.port`, `client.host`, `client.confirmed_host`',
    begins: ['connect', 'xclient'],
    ends: [],
    note: 'XCLIENT with ADDR names another client: what it does not say of it is not known then, `client.host` is `[address]` and `client.port` 0',
  },
  local: {
    shown: '`client.local_address`, `client.local_port`',
    begins: ['connect', 'xclient'],
    ends: [],
    note: 'XCLIENT may name another one',
  },
  session: { shown: '`client.id_sess`, `client.listener`, `client.proxy`', begins: ['connect'], ends: [] },
  tls: {
    shown: '`client.tls`, `client.is_tls`',
    begins: ['connect', 'starttls'],
    ends: [],
    note: 'that of the connection: XCLIENT does not change it',
  },
  policy: {
    shown: 'globals and locals of the policy, fields it added to `client`, its open files',
    begins: ['connect', 'xclient'],
    ends: ['xclient'],
    note: 'XCLIENT: `hook.reset`, then the instance ends without `hook.close`; a fresh one of the present policy begins with `hook.accept`',
  },
  options: { shown: 'values set by `smtpe.setoption`', begins: ['connect', 'xclient'], ends: ['xclient'] },
  input: { shown: '`client.input`', begins: ['command'], ends: ['command'], field: 'input' },
  pipelining: {
    shown: '`client.is_pipelining`',
    begins: ['pipelined'],
    ends: ['starttls', 'xclient'],
    note: 'false before',
  },
  hello: { shown: '`client.helo`, and what EHLO offered', begins: ['hello'], ends: ['starttls', 'xclient'] },
  authenticated: {
    shown: '`client.authenticated`',
    begins: ['auth', 'xclient'],
    ends: ['starttls', 'xclient'],
    note: 'false before; XCLIENT with LOGIN makes it true',
  },
  authUser: {
    shown: '`client.auth_user`',
    begins: ['auth', 'xclient'],
    ends: ['starttls', 'xclient'],
    field: 'auth_user',
    note: 'LOGIN of XCLIENT is the new one',
  },
  authMechanism: {
    shown: '`client.auth_mechanism`',
    begins: ['auth-hook'],
    ends: ['auth-refused', 'starttls', 'xclient'],
    field: 'auth_mechanism',
  },
  authClaim: {
    shown: '`client.auth_claim`',
    begins: ['auth-hook'],
    ends: ['auth-done'],
    field: 'auth_claim',
  },
  authPassword: {
    shown: '`client.auth_password`',
    begins: ['auth-hook'],
    ends: ['auth-done'],
    field: 'auth_password',
  },
  authAuthorize: {
    shown: '`client.auth_authorize`',
    begins: ['auth-hook'],
    ends: ['auth-done'],
    field: 'auth_authorize',
    note: 'nil when the user speaks for himself',
  },
  authResult: {
    shown: '`client.auth_result`',
    begins: ['auth-hook'],
    ends: ['auth-done'],
    field: 'auth_result',
    note: 'nil without a source of log-ins',
  },
  authFields: {
    shown: '`client.auth_fields`',
    begins: ['auth-hook'],
    ends: ['auth-refused', 'starttls', 'xclient'],
    field: 'auth_fields',
    note: 'nil unless an auth-script has let the user in',
  },
  transaction: {
    shown: '`client.id_trans`, `client.sender`, `client.recipients`',
    begins: ['mail-hook'],
    ends: REFUSED_TOO,
    field: 'id_trans',
  },
  mailParameters: {
    shown: '`client.parameters`',
    begins: ['mail-hook'],
    ends: REFUSED_TOO,
    field: 'parameters',
  },
  utf8: {
    shown: '`client.smtputf8`, and UTF-8 in default replies',
    begins: ['mail-hook'],
    ends: REFUSED_TOO,
    field: 'smtputf8',
    fromParameter: true,
    note: 'when MAIL said SMTPUTF8',
  },
  envid: {
    shown: '`client.envid`',
    begins: ['mail-hook'],
    ends: REFUSED_TOO,
    field: 'envid',
    fromParameter: true,
    note: 'when MAIL has ENVID, as for the next ones',
  },
  ret: { shown: '`client.ret`', begins: ['mail-hook'], ends: REFUSED_TOO, field: 'ret', fromParameter: true },
  notify: {
    shown: '`client.notify`',
    begins: ['rcpt-hook'],
    ends: ['rcpt-done'],
    field: 'notify',
    fromParameter: true,
  },
  orcpt: {
    shown: '`client.orcpt`',
    begins: ['rcpt-hook'],
    ends: ['rcpt-done'],
    field: 'orcpt',
    fromParameter: true,
  },
  rcptParameters: {
    shown: '`client.rcpt_parameters`',
    begins: ['rcpt-hook'],
    ends: ['rcpt-done'],
    field: 'rcpt_parameters',
  },
  route: {
    shown: 'what `smtp.route` chose, and the transaction that is open at the next hop (`smtp-forward-at`)',
    begins: ['mail-hook'],
    ends: REFUSED_TOO,
    note: 'the connection is given back then, and served to others',
  },
  envelope: {
    shown: 'changes by `client.set_sender`, `client.add_recipient` and `client.remove_recipient`',
    begins: ['mail-hook'],
    ends: REFUSED_TOO,
    note: 'those of `hook.rcpt` also when that RCPT is refused',
  },
  tables: {
    shown: 'entries of `mime.parts` and `uri.found`',
    begins: ['mail-hook'],
    ends: REFUSED_TOO,
    note: 'empty tables outside',
  },
  headers: {
    shown: 'edits by `header.*` from `hook.mail` on',
    begins: ['mail-hook'],
    ends: REFUSED_TOO,
  },
  earlyHeaders: {
    shown: 'edits by `header.*` outside of a transaction, and in `hook.helo`, `hook.ehlo` and `hook.rset`',
    begins: ['connect'],
    ends: ['starttls', 'xclient'],
    note: 'they belong to the next message: a MAIL that is accepted takes them over, and they end with that transaction; those of a refused HELO or EHLO are forgotten; STARTTLS leaves those of `hook.accept`',
  },
  messageFile: {
    shown: '`client.msg_file`',
    begins: ['data-hook'],
    ends: TRANSACTION_ENDS,
    field: 'msg_file',
    note: 'it stays when `hook.data` refuses: DATA may come again',
  },
  messageLength: {
    shown: '`client.message_length`',
    begins: ['dot-hook'],
    ends: TRANSACTION_ENDS,
    field: 'message_length',
  },
  commandCount: {
    shown: 'what counts for `limit-commands`',
    begins: ['connect'],
    ends: ['message-end', 'xclient'],
  },
  errorCount: {
    shown: 'what counts for `limit-errors` and `limit-unknown`',
    begins: ['connect'],
    ends: ['xclient'],
  },
} as const satisfies Record<string, FactSpec>;

export type FactName = keyof typeof factTable;

function fieldsOf(moment: Moment, withParameters: boolean): LuaRecord {
  const specs: readonly FactSpec[] = Object.values(factTable);
  const ended = specs.filter(
    ({ ends, fromParameter }) => ends.includes(moment) && (withParameters || fromParameter !== true),
  );
  return Object.fromEntries(ended.flatMap(({ field }) => (field === undefined ? [] : [[field, undefined]])));
}

const momentNames = Object.keys(moments) as readonly Moment[];

const endingBy = (withParameters: boolean): Readonly<Record<Moment, LuaRecord>> =>
  Object.fromEntries(momentNames.map((moment) => [moment, fieldsOf(moment, withParameters)])) as Record<
    Moment,
    LuaRecord
  >;

const ending = { some: endingBy(true), none: endingBy(false) } as const;

/**
 * The fields of `client` that are gone from `moment` on, for setting: each is undefined. `sent`: the parameters of the MAIL or RCPT that ends, as
 * they were sent; with none there are fewer, and setting each costs time at every message.
 */
export function fieldsEndingAt(moment: Moment, sent?: string): LuaRecord {
  return ending[sent === '' ? 'none' : 'some'][moment];
}
