// Every hook: the single source for calling, documentation (doc/hooks.md), stubs and the policy check.

/** How the values a hook returns are used. */
export type HookResult =
  /** [drop_flag,] reply: sent instead of the default reply. */
  | 'reply'
  /** A reply is kept as the decision at dot; a negative one is final. */
  | 'content'
  /** Ignored. */
  | 'none';

/** Which reply codes fit the place where a hook's reply is sent. A reply with another code is a failed hook. */
export type ReplyCodes =
  /** 2xx, 4xx, 5xx: yes, later, no. */
  | 'answer'
  /** 235, 4xx, 5xx (RFC 4954 section 4): the dialogue with 334 is the engine's, and over when hook.auth runs. */
  | 'auth'
  /** 220, 4xx, 5xx (RFC 3207 section 4). */
  | 'starttls'
  /** 354, 4xx, 5xx (RFC 5321 section 4.1.1.4). */
  | 'data'
  /** Those that may stand in the place of the reply that is about to be sent: see fitsInPlaceOf. */
  | 'replacement'
  /** The hook gives no reply. */
  | 'none';

export interface HookSpec {
  readonly args: readonly string[];
  readonly result: HookResult;
  readonly codes: ReplyCodes;
  readonly when: string;
}

export const hookTable = {
  init: {
    args: [],
    result: 'none',
    codes: 'none',
    when: 'once at start, in an instance of its own, without a client',
  },
  accept: {
    args: ['ip', 'ptr'],
    result: 'reply',
    codes: 'answer',
    when: 'a client connected (again after XCLIENT)',
  },
  helo: { args: ['helo_arg'], result: 'reply', codes: 'answer', when: 'HELO' },
  ehlo: { args: ['helo_arg'], result: 'reply', codes: 'answer', when: 'EHLO' },
  starttls: {
    args: [],
    result: 'reply',
    codes: 'starttls',
    when: 'STARTTLS that can be served, before the handshake',
  },
  auth: { args: ['auth_arg'], result: 'reply', codes: 'auth', when: 'AUTH, after the 334 dialogue' },
  out_seq: { args: ['smtp_input'], result: 'reply', codes: 'answer', when: 'a command out of sequence' },
  unknown: { args: ['smtp_input'], result: 'reply', codes: 'answer', when: 'an unknown command, and VRFY' },
  mail: { args: ['sender', 'domain'], result: 'reply', codes: 'answer', when: 'MAIL with a valid sender' },
  rcpt: {
    args: ['recipient', 'domain'],
    result: 'reply',
    codes: 'answer',
    when: 'RCPT with a valid recipient',
  },
  data: {
    args: [],
    result: 'reply',
    codes: 'data',
    when: 'DATA, or the first chunk of BDAT, with at least one recipient',
  },
  content: {
    args: ['chunk'],
    result: 'content',
    codes: 'answer',
    when: 'each chunk of the message, headers included',
  },
  header: { args: ['header_line'], result: 'content', codes: 'answer', when: 'each header' },
  eoh: { args: [], result: 'content', codes: 'answer', when: 'the end of the headers' },
  body: { args: ['body_line'], result: 'content', codes: 'answer', when: 'each line of the body' },
  dot: { args: ['spool_file_path'], result: 'reply', codes: 'answer', when: 'the message is complete' },
  forward: {
    args: ['spool_file_path', 'sender', 'accepted_recipients'],
    result: 'reply',
    codes: 'answer',
    when: 'the message is to be forwarded',
  },
  reset: { args: [], result: 'none', codes: 'none', when: 'RSET, HELO, EHLO and the end of a message' },
  rset: { args: [], result: 'reply', codes: 'answer', when: 'RSET' },
  noop: { args: [], result: 'reply', codes: 'answer', when: 'NOOP' },
  help: { args: [], result: 'reply', codes: 'answer', when: 'HELP' },
  quit: { args: [], result: 'reply', codes: 'answer', when: 'QUIT' },
  xclient: { args: [], result: 'reply', codes: 'answer', when: 'XCLIENT' },
  error: {
    args: ['errno', 'errno_text'],
    result: 'none',
    codes: 'none',
    when: 'a time-out, I/O or internal error, before close',
  },
  reply: { args: ['reply_line'], result: 'reply', codes: 'replacement', when: 'before each reply' },
  close: { args: ['was_dropped'], result: 'none', codes: 'none', when: 'the connection ends' },
} as const satisfies Record<string, HookSpec>;

export type HookName = keyof typeof hookTable;
export const hookNames = Object.keys(hookTable) as readonly HookName[];

/** The codes in words, for messages and documentation. */
export const codesInWords: Readonly<Record<ReplyCodes, string>> = {
  answer: '2xx, 4xx or 5xx',
  auth: '235, 4xx or 5xx',
  starttls: '220, 4xx or 5xx',
  data: '354, 4xx or 5xx',
  replacement: '4xx or 5xx, or a code of the same class in place of a 2xx or 3xx',
  none: 'none',
};

const isRefusal = (code: number): boolean => code >= 400 && code <= 599;
const isYes = (code: number): boolean => code >= 200 && code <= 299;

/**
 * What hook.reply may put in the place of a reply: a refusal for anything; for a yes another yes. A yes in the place of a refusal would
 * accept what was refused, and a 3xx where none is expected makes the client send what nobody waits for.
 */
function fitsInPlaceOf(sent: number, code: number): boolean {
  if (isRefusal(code)) return true;
  // 235, 334 and 354 mean more than their class.
  if (sent === 235 || (sent >= 300 && sent <= 399)) return code === sent;
  return isYes(sent) && isYes(code);
}

/** Whether a reply with this code fits; `sent` is the code of the reply that hook.reply was asked about. */
export function fitsHook(hook: HookName, code: number, sent?: number): boolean {
  if (isRefusal(code)) return true;
  const codes: ReplyCodes = hookTable[hook].codes;
  switch (codes) {
    case 'answer':
      return isYes(code);
    case 'auth':
      return code === 235;
    case 'starttls':
      return code === 220;
    case 'data':
      return code === 354;
    case 'replacement':
      return sent !== undefined && fitsInPlaceOf(sent, code);
    case 'none':
      return false;
  }
}
