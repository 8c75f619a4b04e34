// Every hook of the API text: the single source for calling, documentation (doc/hooks.md), stubs and the policy check.

/** How the values a hook returns are used. */
export type HookResult =
  /** [drop_flag,] reply: sent instead of the default reply. */
  | 'reply'
  /** A reply is kept as the decision at dot; a negative one is final. */
  | 'content'
  /** Ignored. */
  | 'none';

export interface HookSpec {
  readonly args: readonly string[];
  readonly result: HookResult;
  readonly when: string;
}

export const hookTable = {
  init: { args: [], result: 'none', when: 'once at start, in an instance of its own, without a client' },
  accept: { args: ['ip', 'ptr'], result: 'reply', when: 'a client connected (again after XCLIENT)' },
  helo: { args: ['helo_arg'], result: 'reply', when: 'HELO' },
  ehlo: { args: ['helo_arg'], result: 'reply', when: 'EHLO' },
  auth: { args: ['auth_arg'], result: 'reply', when: 'AUTH, after the 334 dialogue' },
  out_seq: { args: ['smtp_input'], result: 'reply', when: 'a command out of sequence' },
  unknown: { args: ['smtp_input'], result: 'reply', when: 'an unknown command, and VRFY' },
  mail: { args: ['sender', 'domain'], result: 'reply', when: 'MAIL with a valid sender' },
  rcpt: { args: ['recipient', 'domain'], result: 'reply', when: 'RCPT with a valid recipient' },
  data: { args: [], result: 'reply', when: 'DATA with at least one recipient' },
  content: { args: ['chunk'], result: 'content', when: 'each chunk of the message, headers included' },
  header: { args: ['header_line'], result: 'content', when: 'each header' },
  eoh: { args: [], result: 'content', when: 'the end of the headers' },
  body: { args: ['body_line'], result: 'content', when: 'each line of the body' },
  dot: { args: ['spool_file_path'], result: 'reply', when: 'the message is complete' },
  forward: {
    args: ['spool_file_path', 'sender', 'accepted_recipients'],
    result: 'reply',
    when: 'the message is to be forwarded',
  },
  reset: { args: [], result: 'none', when: 'RSET, HELO, EHLO and the end of a message' },
  rset: { args: [], result: 'reply', when: 'RSET' },
  noop: { args: [], result: 'reply', when: 'NOOP' },
  help: { args: [], result: 'reply', when: 'HELP' },
  quit: { args: [], result: 'reply', when: 'QUIT' },
  xclient: { args: [], result: 'reply', when: 'XCLIENT' },
  error: {
    args: ['errno', 'errno_text'],
    result: 'none',
    when: 'a time-out, I/O or internal error, before close',
  },
  reply: { args: ['reply_line'], result: 'reply', when: 'before each reply' },
  close: { args: ['was_dropped'], result: 'none', when: 'the connection ends' },
} as const satisfies Record<string, HookSpec>;

export type HookName = keyof typeof hookTable;
export const hookNames = Object.keys(hookTable) as readonly HookName[];
