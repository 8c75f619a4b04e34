// A server that plays Dovecot's auth socket, line by line as a spec says.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ScriptedServer,
  type ServerConnection,
  startScripted,
} from '../../src/bench/ports/scripted-server.ts';

export const HANDSHAKE =
  'VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nMECH\tLOGIN\tplaintext\nSPID\t7\nCUID\t1\nCOOKIE\t0123456789abcdef0123456789abcdef\nDONE\n';

/** What the server says to a line of the client behind its handshake; `index`: of the connection. */
export type Say = (
  line: readonly string[],
  connection: ServerConnection,
  index: number,
) => string | undefined | Promise<string | undefined>;

export interface FakeDovecot {
  readonly path: string;
  readonly server: ScriptedServer;
  /** Lines of the clients, all connections together. */
  readonly lines: (readonly string[])[];
  close(): Promise<void>;
}

export async function startDovecot(say: Say, handshake = HANDSHAKE, at?: string): Promise<FakeDovecot> {
  const directory = await mkdtemp(join(tmpdir(), 'smtpe-dovecot-'));
  const path = at ?? join(directory, 'auth');
  const lines: (readonly string[])[] = [];
  const server = await startScripted(async (connection, index) => {
    if (handshake !== '') await connection.send(handshake);
    for (let from = 0; ; ) {
      const all = await connection.until((received) => received.includes(10, from));
      const end = all.indexOf(10, from);
      if (end < 0) return;
      const line = all.toString('latin1', from, end).split('\t');
      from = end + 1;
      lines.push(line);
      if (line[0] === 'VERSION' || line[0] === 'CPID') continue;
      const said = await say(line, connection, index);
      if (said !== undefined && !connection.socket.destroyed) await connection.send(said);
    }
  }, path);
  return {
    path,
    server,
    lines,
    close: async () => {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The text between the NULs of PLAIN: authorize, user, password. */
export function plainOf(line: readonly string[]): readonly string[] {
  const response = line.find((field) => field.startsWith('resp='))?.slice(5) ?? '';
  return Buffer.from(response, 'base64').toString('latin1').split('\0');
}
