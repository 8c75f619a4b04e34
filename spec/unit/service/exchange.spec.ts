import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { startScripted } from '../../../src/bench/ports/scripted-server.ts';
import { connectTo } from '../../../src/service/connect.ts';
import { exchange, inPieces } from '../../../src/service/exchange.ts';

async function pieces(source: Iterable<Buffer>): Promise<Buffer[]> {
  const result: Buffer[] = [];
  for await (const piece of inPieces(source)) result.push(piece);
  return result;
}

describe('inPieces', () => {
  it('gives the same bytes in pieces of 1 byte to 64 KiB, whatever came', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 150_000 }), { maxLength: 8 }), async (sizes) => {
        const source = sizes.map((size, i) => Buffer.alloc(size, i + 1));
        const result = await pieces(source);
        expect(Buffer.concat(result).equals(Buffer.concat(source))).toBe(true);
        expect(result.every((piece) => piece.length > 0 && piece.length <= 65_536)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('puts single bytes together', async () => {
    const result = await pieces(Array.from({ length: 100_000 }, () => Buffer.from('x')));
    expect(result.map((piece) => piece.length)).toEqual([65_536, 34_464]);
  });
});

it('octets of a piece that stands alone are not copied on their way to a scanner', async () => {
  const source: Buffer[] = [65_536, 65_536, 1000].map((size, i) => Buffer.alloc(size, i + 1));
  const result = await pieces(source);
  expect(result.map((piece) => source.indexOf(piece))).toEqual([0, 1, 2]);
});

describe('a server that has gone before anything was sent', () => {
  it.each(['resets', 'closes'])(
    "%s: the exchange ends at once, and the error is nobody else's",
    async (how) => {
      const server = await startScripted((connection) =>
        how === 'resets' ? connection.reset() : connection.end(),
      );
      const options = { clock: systemClock, timeoutMs: 60_000, signal: new AbortController().signal };
      const connection = await connectTo(
        { kind: 'tcp', text: server.host, host: '127.0.0.1', port: server.port },
        { ...options, resolver: { addresses: async () => [] } },
      );
      if (connection.kind !== 'connected') {
        expect([how, connection.error]).toEqual(['resets', 'connection reset by the other side']);
      } else {
        const { socket } = connection;
        if (how === 'resets') await new Promise((resolve) => socket.on('close', resolve));
        const outcome = await exchange(
          socket,
          (async function* () {
            yield Buffer.from('hello\n');
          })(),
          { push: () => false },
          { ...options, maxReply: 1000, halfClose: false },
        );
        expect(outcome.kind).toBe('silent');
        expect(socket.destroyed).toBe(true);
      }
      await server.close();
    },
  );
});
