import { once } from 'node:events';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { startScripted } from '../../../src/bench/ports/scripted-server.ts';
import { ReplySocket } from '../../../src/service/reply-socket.ts';

/** The other side replies and resets; then we write, and only then read. What was read? */
async function readAfterFailedWrite(socket: Socket): Promise<string> {
  const server = await startScripted(async (connection) => {
    connection.socket.pause();
    await connection.send('I have had enough\n');
    // Waits until our bytes are there: closing with unread data is a reset.
    await once(socket, 'first-write');
    connection.socket.destroy();
  });
  socket.on('error', () => undefined);
  socket.pause();
  socket.connect(server.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write('unread', () => socket.emit('first-write'));
  await server.connections[0]?.closed;
  // The reset has arrived; a few writes until the kernel tells us.
  for (let i = 0; i < 3 && !socket.destroyed; i++) {
    await new Promise<void>((resolve) => socket.write(Buffer.alloc(1000), () => resolve()));
  }
  let received = '';
  socket.on('data', (piece: Buffer) => {
    received += piece.toString();
  });
  socket.resume();
  await (socket.destroyed ? undefined : Promise.race([once(socket, 'end'), once(socket, 'close')]));
  socket.destroy();
  await server.close();
  return received;
}

describe('ReplySocket', () => {
  it('reads what was sent before a write failed', async () => {
    const socket = new ReplySocket();
    expect(await readAfterFailedWrite(socket)).toBe('I have had enough\n');
    expect(socket.writeError).toMatchObject({ syscall: 'write' });
  });

  it("is needed: node's own socket loses it", async () => {
    expect(await readAfterFailedWrite(new Socket({ allowHalfOpen: true }))).toBe('');
  });

  it('writes several pieces in one go, in order', async () => {
    const server = await startScripted(async (connection) => {
      await connection.until((received) => received.length >= 6);
      connection.end();
    });
    const socket = new ReplySocket();
    socket.connect(server.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.cork();
    for (const piece of ['ab', 'cd', 'ef']) socket.write(piece);
    socket.uncork();
    socket.resume();
    await once(socket, 'end');
    expect(server.connections[0]?.received.toString()).toBe('abcdef');
    socket.destroy();
    await server.close();
  });
});
