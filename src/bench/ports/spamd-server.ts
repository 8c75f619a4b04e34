// A spamd that says what a test wants: reads a whole request by its Content-length and keeps it.
import { type Answer, type AskedServer, type ServerConnection, startAsked } from './scripted-server.ts';

export interface SpamdCommand {
  readonly method: string;
  readonly version: string;
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly message: Buffer;
  /** Bytes behind the announced length; 0 when the client is right. */
  readonly extra: number;
}

export type FakeSpamd = AskedServer<SpamdCommand>;

function readHead(received: Buffer): { readonly lines: readonly string[]; readonly end: number } | undefined {
  const end = received.indexOf('\r\n\r\n');
  return end < 0 ? undefined : { lines: received.toString('latin1', 0, end).split('\r\n'), end: end + 4 };
}

/** Waits for one whole request. Undefined when the client closed before. */
export async function readSpamdCommand(connection: ServerConnection): Promise<SpamdCommand | undefined> {
  const head = readHead(await connection.until((received) => readHead(received) !== undefined));
  if (head === undefined) return undefined;
  const [first = '', ...rest] = head.lines;
  const headers = new Map(
    rest.map((line) => [line.split(':')[0]?.toLowerCase() ?? '', line.replace(/^[^:]*: /, '')]),
  );
  const length = Number(headers.get('content-length'));
  const received = await connection.until((bytes) => bytes.length >= head.end + length);
  if (received.length < head.end + length) return undefined;
  const [method = '', version = ''] = first.split(' ');
  const message = Buffer.from(received.subarray(head.end, head.end + length));
  return { method, version, headers, message, extra: received.length - head.end - length };
}

export const startSpamd = (answer: Answer<SpamdCommand>, address?: string): Promise<FakeSpamd> =>
  startAsked(readSpamdCommand, answer, address);

/** A whole reply with Content-length. */
export function spamdReply(spam: boolean, score: number, body: string | Buffer): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
  const verdict = `Spam: ${spam ? 'True' : 'False'} ; ${score.toFixed(1)} / 5.0`;
  return Buffer.concat([
    Buffer.from(`SPAMD/1.1 0 EX_OK\r\nContent-length: ${bytes.length}\r\n${verdict}\r\n\r\n`),
    bytes,
  ]);
}
