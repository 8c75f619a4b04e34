// A web server that says what a test wants, byte by byte, and keeps the requests.
import { type Answer, type ScriptedServer, startScripted } from './scripted-server.ts';

export interface HttpCommand {
  /** Request line and headers, without the empty line. */
  readonly head: string;
  readonly body: Buffer;
}

export interface FakeHttp {
  readonly server: ScriptedServer;
  readonly requests: HttpCommand[];
  readonly origin: string;
  close(): Promise<void>;
}

/** Serves one request after the other on each connection; `answer` gives the whole response, or talks itself and gives undefined. */
export async function startHttp(answer: Answer<HttpCommand>, address?: string): Promise<FakeHttp> {
  const requests: HttpCommand[] = [];
  const server = await startScripted(async (connection) => {
    for (let start = 0; ; ) {
      const from = start;
      await connection.until((received) => received.indexOf('\r\n\r\n', from) >= 0);
      const end = connection.received.indexOf('\r\n\r\n', from);
      if (end < 0) {
        connection.end();
        return;
      }
      const head = connection.received.toString('latin1', from, end);
      const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
      const whole = await connection.until((received) => received.length >= end + 4 + length);
      const request = { head, body: Buffer.from(whole.subarray(end + 4, end + 4 + length)) };
      start = end + 4 + length;
      requests.push(request);
      const reply = await answer(request, connection);
      if (reply === undefined) return;
      await connection.send(reply);
    }
  }, address);
  return { server, requests, origin: `http://${server.host}`, close: () => server.close() };
}

/** A whole response with Content-Length. */
export function httpReply(
  code: number,
  reason: string,
  headers: readonly string[],
  body: string | Buffer = '',
): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
  const lines = [`HTTP/1.1 ${code} ${reason}`, ...headers, `Content-Length: ${bytes.length}`, '', ''];
  return Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), bytes]);
}
