// An answer that goes on: what is written arrives at once, a reader who does not read loses pieces and costs no memory, and whoever writes is
// told that the reader has gone.
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { type Reader, sendStream } from '../../../src/admin/stream.ts';
import { FakeClock } from '../../../src/bench/ports/clock.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

interface Begun {
  readonly clock: FakeClock;
  readonly port: number;
  readonly reader: Promise<Reader>;
  readonly overs: () => number;
}

async function serve(): Promise<Begun> {
  const clock = new FakeClock();
  let overs = 0;
  let began = (_: Reader): void => undefined;
  const reader = new Promise<Reader>((resolve) => {
    began = resolve;
  });
  server = createServer((_, response) =>
    sendStream(
      response,
      {
        type: 'text/event-stream',
        beat: ':\n\n',
        begin: (one) => {
          began(one);
          return () => overs++;
        },
      },
      clock,
    ),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { clock, port: (server.address() as AddressInfo).port, reader, overs: () => overs };
}

const ask = async (port: number): Promise<IncomingMessage> => {
  const [response] = await once(get({ host: '127.0.0.1', port, agent: false }), 'response');
  return response as IncomingMessage;
};

const piece = async (response: IncomingMessage): Promise<string> => {
  const [data] = await once(response, 'data');
  return String(data);
};

it('is told each piece as it is written, and the beat when there is none; at its end the answer is complete', async () => {
  const { clock, overs, port, reader } = await serve();
  const response = await ask(port);
  expect(response.headers).toMatchObject({ 'content-type': 'text/event-stream', connection: 'close' });
  const writer = await reader;
  const first = piece(response);
  expect(writer.write('data: 1\n\n')).toBe(true);
  expect(await first).toBe('data: 1\n\n');
  const beats = piece(response);
  clock.advance(15_000);
  expect(await beats).toBe(':\n\n');
  // Whoever writes needs no beat.
  clock.advance(14_000);
  const second = piece(response);
  writer.write('data: 2\n\n');
  expect(await second).toBe('data: 2\n\n');
  const next = piece(response);
  clock.advance(14_000);
  writer.write('data: 3\n\n');
  expect(await next).toBe('data: 3\n\n');
  const end = once(response, 'end');
  writer.end();
  response.resume();
  await end;
  await expect.poll(overs).toBe(1);
  expect(clock.pending).toBe(0);
  expect(writer.write('late')).toBe(false);
});

it('a reader who reads nothing loses pieces, and gets whole ones only', async () => {
  const { overs, port, reader } = await serve();
  const socket = connect(port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const writer = await reader;
  socket.pause();
  const text = `${'~'.repeat(65_535)}\n`;
  let taken = 0;
  while (writer.write(text)) taken++;
  // What the system holds, and 256 KiB of ours.
  expect(taken).toBeLessThan(400);
  expect(writer.write('small')).toBe(false);
  let got = 0;
  socket.on('data', (data: Buffer) => {
    got += data.filter((octet) => octet === 0x7e).length;
  });
  socket.resume();
  await expect.poll(() => got).toBe(taken * 65_535);
  await expect.poll(() => writer.write('x')).toBe(true);
  expect(overs()).toBe(0);
  socket.destroy();
  await expect.poll(overs).toBe(1);
  expect(writer.write('x')).toBe(false);
});
