// What a scripted next hop is told to do, and what it tells of its connections. Its defaults and its script are those of the `sinks` in the recorded
// transcripts: stage: reply, or a list used in turn (over all connections, the last one again when it is used up); null closes.

/** What happens instead of a plain reply. */
export interface HopAction {
  /** Sent as it is, line ends included; latin1. */
  readonly reply?: string | undefined;
  /** Behind the reply, if any: FIN, RST, or nothing ever again. */
  readonly end?: 'close' | 'reset' | 'hang';
}

export type HopReply = string | null | HopAction;

export type HopStage =
  | 'banner'
  | 'ehlo'
  | 'helo'
  | 'starttls'
  | 'xclient'
  | 'mail'
  | 'rcpt'
  | 'data'
  | 'dot'
  /** A chunk of BDAT that is not the last; the last one is `dot`. */
  | 'bdat'
  | 'rset'
  | 'quit'
  | 'noop';

export interface HopScript extends Readonly<Partial<Record<HopStage, HopReply | readonly HopReply[]>>> {
  /** In the middle of the message, once this many bytes of it have come; `pause` stops reading. */
  readonly content?: HopAction & { readonly after: number; readonly pause?: boolean };
  /** Replies go out in pieces of so many bytes, each in a write of its own. */
  readonly split?: number;
  readonly tls?: { readonly key: string; readonly cert: string; readonly implicit?: boolean };
  /** Makes what answers AUTH and the lines behind it, as long as it says 334; without it AUTH is unknown. */
  readonly auth?: () => (line: string) => HopReply;
}

/** As in the recorded transcripts; latin1, line ends included. `recv_data` is the content without the final dot, still stuffed. */
export type HopEvent =
  | { readonly send: string }
  | { readonly recv: string }
  | { readonly recv_data: string }
  | { readonly secured: true }
  | { readonly closed: true };

export interface HopConnection {
  readonly events: readonly HopEvent[];
  /** Commands received, without line ends. */
  readonly commands: readonly string[];
  /** Contents received, without the final dot, still stuffed; those of BDAT as they came. */
  readonly contents: readonly Buffer[];
  readonly closed: boolean;
  /** Number of reads, and the commands that came with each: shows what was sent in one write. */
  readonly reads: readonly string[];
}

/** What it says when the script says nothing. */
export const DEFAULTS: Readonly<Record<HopStage, string>> = {
  banner: '220 sink ESMTP\r\n',
  ehlo: '250-sink\r\n250 SIZE\r\n',
  helo: '250 ok\r\n',
  starttls: '454 4.7.0 not now\r\n',
  xclient: '220 sink ESMTP\r\n',
  mail: '250 ok\r\n',
  rcpt: '250 ok\r\n',
  data: '354 go\r\n',
  dot: '250 queued\r\n',
  bdat: '250 more\r\n',
  rset: '250 ok\r\n',
  quit: '221 bye\r\n',
  noop: '250 ok\r\n',
};
