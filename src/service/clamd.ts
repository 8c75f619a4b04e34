// The clamd client: nSCAN where clamd sees our files, nINSTREAM everywhere else and where SCAN did not work (clamd(8), "COMMANDS").
// Used by modules/service/service. Every way it can end is a ClamdResult; it never rejects.
import { resolve as absolutePath } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { ServiceTarget } from '../net-address/host-list.ts';
import { ReplyLine, readVerdict, type Verdict } from './clamd-verdict.ts';
import { exchange, inPieces, type Sent } from './exchange.ts';
import type { Answer, FailOver, Servers } from './fail-over.ts';
import { sharesFiles } from './host-list.ts';
import type { ReplySocket } from './reply-socket.ts';
import { openContent, type ScannedFile } from './scanned-file.ts';

export interface ClamdResult {
  /** The reply as it came; undefined when there was none. */
  readonly reply: Buffer | undefined;
  /** True for a reply that ends in ` FOUND`, false for one that ends in `: OK`; undefined when there was neither: not scanned. */
  readonly infected: boolean | undefined;
  readonly signature: string | undefined;
  /** Why there is no verdict. */
  readonly error: string | undefined;
}

export interface ClamdRequest {
  readonly file: ScannedFile;
  readonly servers: Servers;
  /** Milliseconds: the longest pause while sending, and the longest wait for the reply. */
  readonly timeoutMs: number;
}

/** A reply line holds one path and one signature name. */
const MAX_REPLY = 65_536;

/** How long a server that could not read our files by path is sent their bytes at once. */
const REMEMBER_MS = 600_000;

const COMMAND_STREAM = Buffer.from('nINSTREAM\n');
const END_OF_STREAM = Buffer.alloc(4);

async function* streamCommand(source: AsyncIterable<Buffer>): AsyncGenerator<Sent> {
  yield COMMAND_STREAM;
  for await (const piece of inPieces(source)) {
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32BE(piece.length);
    yield [length, piece];
  }
  yield END_OF_STREAM;
}

async function* scanCommand(path: string): AsyncGenerator<Buffer> {
  yield Buffer.from(`nSCAN ${absolutePath(path)}\n`, 'latin1');
}

/** CR or LF in a path would end the command and begin another one. */
const isScannable = (path: string) => path !== '' && !/[\r\n]/.test(path);

type Ended = { readonly verdict: Verdict; readonly reply: Buffer };

const EARLY = 'clamd answered before it had the whole message';

const answer = (value: ClamdResult): Answer<ClamdResult> => ({ kind: 'answer', value });
const noVerdict = (error: string): ClamdResult => ({
  reply: undefined,
  infected: undefined,
  signature: undefined,
  error,
});

/** What is wrong with a part is wrong with the whole; that a part is clean says nothing. */
function verdictOf({ reply, early }: { readonly reply: Buffer; readonly early: boolean }): Verdict {
  const verdict = readVerdict(reply);
  return early && verdict.kind === 'clean' ? { kind: 'cut', error: EARLY } : verdict;
}

function resultOf({ verdict, reply }: Ended): ClamdResult {
  switch (verdict.kind) {
    case 'clean':
      return { reply, infected: false, signature: undefined, error: undefined };
    case 'infected':
      return { reply, infected: true, signature: verdict.signature, error: undefined };
    case 'error':
      return { reply, infected: undefined, signature: undefined, error: verdict.error };
    case 'cut':
      return { reply, infected: undefined, signature: undefined, error: verdict.error };
  }
}

export class ClamdClient {
  readonly #clock: Clock;
  readonly #failOver: FailOver;
  /** Servers on this host that do not read our files (other user, chroot, container), and until when we know that. */
  readonly #blind = new Map<string, number>();

  constructor(clock: Clock, failOver: FailOver) {
    this.#clock = clock;
    this.#failOver = failOver;
  }

  /** Scans the file. */
  async scan(request: ClamdRequest): Promise<ClamdResult> {
    const outcome = await this.#failOver.run(request.servers, (target, socket) =>
      this.#ask(request, target, socket),
    );
    return outcome.kind === 'answered' ? outcome.value : noVerdict(outcome.error);
  }

  async #ask(
    request: ClamdRequest,
    target: ServiceTarget,
    socket: ReplySocket,
  ): Promise<Answer<ClamdResult>> {
    if (!sharesFiles(target) || !isScannable(request.file.path) || this.#isBlind(target)) {
      const streamed = await this.#stream(request, socket);
      return 'verdict' in streamed ? answer(resultOf(streamed)) : streamed;
    }
    const scanned = await this.#scan(request, socket);
    if (!('verdict' in scanned)) return scanned;
    if (scanned.verdict.kind !== 'error') return answer(resultOf(scanned));
    // Most likely clamd may not read the file (0600, another user): give it the bytes.
    const again = await this.#failOver.connect(target, request.servers);
    if (again.kind === 'failed') return answer(resultOf(scanned));
    const streamed = await this.#stream(request, again.socket);
    if (!('verdict' in streamed)) return streamed;
    if (streamed.verdict.kind === 'clean' || streamed.verdict.kind === 'infected')
      this.#rememberBlind(target);
    return answer(resultOf(streamed));
  }

  async #scan({ file, servers, timeoutMs }: ClamdRequest, socket: ReplySocket) {
    try {
      if (file.kind !== 'file') await file.message.onDisk();
    } catch (error) {
      socket.destroy();
      return answer(noVerdict(`the message could not be stored: ${String(error)}`));
    }
    return this.#converse(scanCommand(file.path), servers.signal, timeoutMs, socket);
  }

  async #stream({ file, servers, timeoutMs }: ClamdRequest, socket: ReplySocket) {
    const content = await openContent(file);
    if (content.kind === 'unreadable') {
      socket.destroy();
      return answer(noVerdict(content.error));
    }
    try {
      return await this.#converse(streamCommand(content.read()), servers.signal, timeoutMs, socket);
    } finally {
      await content.close();
    }
  }

  async #converse(
    content: AsyncIterable<Sent>,
    signal: AbortSignal,
    timeoutMs: number,
    socket: ReplySocket,
  ): Promise<Ended | Answer<ClamdResult>> {
    const outcome = await exchange(socket, content, new ReplyLine(), {
      clock: this.#clock,
      timeoutMs,
      maxReply: MAX_REPLY,
      halfClose: false,
      signal,
    });
    switch (outcome.kind) {
      case 'replied':
        return { verdict: verdictOf(outcome), reply: outcome.reply };
      case 'silent':
        return outcome;
      case 'failed':
        return answer({ ...noVerdict(outcome.error), reply: outcome.reply });
    }
  }

  #isBlind(target: ServiceTarget): boolean {
    const until = this.#blind.get(target.text);
    return until !== undefined && until > this.#clock.monotonic();
  }

  #rememberBlind(target: ServiceTarget): void {
    if (this.#blind.size >= 1000) this.#blind.clear();
    this.#blind.set(target.text, this.#clock.monotonic() + REMEMBER_MS);
  }
}
