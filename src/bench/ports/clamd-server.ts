// A clamd that says what a test wants: understands nSCAN and nINSTREAM and keeps what it was given.
import { type Answer, type AskedServer, type ServerConnection, startAsked } from './scripted-server.ts';

export interface ClamdCommand {
  /** `SCAN path` or `INSTREAM`. */
  readonly command: string;
  /** What was streamed. */
  readonly content: Buffer;
}

export type FakeClamd = AskedServer<ClamdCommand>;

/** The content of a complete stream, or undefined. */
function streamOf(received: Buffer, start: number): Buffer | undefined {
  const pieces: Buffer[] = [];
  for (let at = start; at + 4 <= received.length; ) {
    const length = received.readUInt32BE(at);
    if (length === 0) return Buffer.concat(pieces);
    if (at + 4 + length > received.length) return undefined;
    pieces.push(received.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return undefined;
}

/** Waits for one whole command. Undefined when the client closed before. */
export async function readClamdCommand(connection: ServerConnection): Promise<ClamdCommand | undefined> {
  const first = await connection.until((received) => received.includes(10));
  const end = first.indexOf(10);
  if (end < 0) return undefined;
  const command = first.toString('latin1', 1, end);
  if (command !== 'INSTREAM') return { command, content: Buffer.alloc(0) };
  let content: Buffer | undefined;
  await connection.until((received) => (content = streamOf(received, end + 1)) !== undefined);
  return content === undefined ? undefined : { command, content };
}

/** `answer` gives the reply to a command, or talks itself and gives undefined. */
export const startClamd = (answer: Answer<ClamdCommand>, address?: string): Promise<FakeClamd> =>
  startAsked(readClamdCommand, answer, address);
