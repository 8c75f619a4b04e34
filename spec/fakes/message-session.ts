// A session in hook.dot with a complete message in a real spool, for specs of what looks at messages and replaces them.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContentChanges } from '../../src/message/change/content-changes.ts';
import { HeaderList } from '../../src/message/header/header-list.ts';
import type { ReceivedLayout } from '../../src/message/rewrite.ts';
import { type Spool, SpoolStore } from '../../src/message/spool.ts';
import type { SessionView, TransactionView, WriteOutcome } from '../../src/policy/session-view.ts';
import { recipientOf } from '../../src/smtp/protocol/recipient.ts';

export interface MessageSession {
  readonly session: SessionView;
  readonly headers: HeaderList;
  readonly spool: Spool;
  readonly store: SpoolStore;
  readonly directory: string;
  /** What was written to the client, with the time-out in milliseconds. */
  readonly written: { readonly text: string; readonly timeoutMs: number }[];
  /** What the next write ends with. */
  writeOutcome: WriteOutcome | Promise<WriteOutcome>;
  /** When set, replaceMessage rejects with it. */
  replaceError: Error | undefined;
  /** The message as it is stored now. */
  content(): Promise<Buffer>;
  /** Names in the spool directory. */
  files(): Promise<readonly string[]>;
  dispose(): Promise<void>;
}

function layoutOf(message: Buffer): ReceivedLayout {
  if (message.subarray(0, 2).toString('latin1') === '\r\n') return { headerLength: 0, hasEmptyLine: true };
  const end = message.indexOf('\r\n\r\n');
  return end < 0
    ? { headerLength: message.length, hasEmptyLine: false }
    : { headerLength: end + 2, hasEmptyLine: true };
}

async function collect(spool: Spool): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of spool.read()) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** `message` may come in pieces, as it was received. `memoryLimit` 0 puts it on disk at once. */
export async function messageSession(
  message: string | Buffer | readonly Buffer[],
  sender = 'alice@example.com',
  memoryLimit = 262_144,
): Promise<MessageSession> {
  const directory = await mkdtemp(join(tmpdir(), 'smtpe-spec-'));
  const store = new SpoolStore();
  const spool = store.create(directory, 'ABCDEF123450000101', { message: memoryLimit, total: 1e9 });
  const pieces =
    typeof message === 'string'
      ? [Buffer.from(message, 'latin1')]
      : Buffer.isBuffer(message)
        ? [message]
        : message;
  for (const piece of pieces) await spool.append(piece);
  const whole = Buffer.concat(pieces);
  const headers = new HeaderList();
  let layout = layoutOf(whole);
  headers.receiveBlock(whole.subarray(0, layout.headerLength));
  const written: { text: string; timeoutMs: number }[] = [];
  const transaction: TransactionView = {
    id: 'ABCDEF123450000101',
    sender,
    isUtf8: false,
    isTlsRequired: false,
    isBinary: false,
    recipients: [recipientOf('bob@example.org')],
    final: {
      setSender: () => ({ kind: 'same' }),
      add: () => ({ kind: 'same' }),
      remove: () => ({ kind: 'same' }),
    },
    headers,
    headersEditable: true,
    isComplete: true,
    route: () => false,
    belowTrace: 1,
    atDot: true,
    message: spool,
    get layout() {
      return layout;
    },
    received: undefined,
    isAsReceived: () => spool.isAsReceived(),
    sign() {},
    signatures: 0,
    seal: () => undefined,
    isSealed: false,
    changes: async () => new ContentChanges(spool),
    async replaceMessage(content) {
      if (made.replaceError !== undefined) throw made.replaceError;
      await spool.replaceContent([content]);
      layout = layoutOf(content);
      headers.clear();
      headers.receiveBlock(content.subarray(0, layout.headerLength));
    },
  };
  const made: MessageSession = {
    session: {
      idSess: 'ABCDEF123450000100',
      client: {
        address: '192.0.2.1',
        rightsAddress: '192.0.2.1',
        host: undefined,
        isConfirmed: false,
        helo: 'h.example',
        user: undefined,
        tls: undefined,
      },
      transaction,
      headers,
      async write(text, timeoutMs) {
        written.push({ text: text.toString('latin1'), timeoutMs });
        return made.writeOutcome;
      },
      observe: (_key, create) => create(),
    },
    headers,
    spool,
    store,
    directory,
    written,
    writeOutcome: { kind: 'written' },
    replaceError: undefined,
    content: () => collect(spool),
    files: () => readdir(directory),
    async dispose() {
      await spool.delete();
      await rm(directory, { recursive: true, force: true });
    },
  };
  return made;
}
