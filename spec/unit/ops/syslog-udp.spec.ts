import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { SyslogUdpSink } from '../../../src/ops/syslog-udp.ts';

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

async function server(address: string): Promise<{ readonly socket: Socket; readonly port: number }> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  sockets.push(socket);
  socket.bind(0, address);
  await once(socket, 'listening');
  return { socket, port: socket.address().port };
}

const settings = { host: 'mx.example', pid: 7, clock: systemClock };
const record = (message: string) => ({ time: 0, level: 'info' as const, message, fields: {} });

describe('syslog by UDP', () => {
  it.each(['127.0.0.1', '::1'])(
    'to %s: a line written before the address is known arrives too',
    async (host) => {
      const { socket, port } = await server(host);
      const sink = new SyslogUdpSink(host, port, settings);
      const arrived = once(socket, 'message');
      sink.write(record('first line'));
      const [packet] = (await arrived) as [Buffer];
      expect(packet.toString()).toContain('first line');
      await sink.close();
    },
  );

  it('to a name, whichever kind of address it has', async () => {
    const { address } = await lookup('localhost');
    const { socket, port } = await server(address);
    const sink = new SyslogUdpSink('localhost', port, settings);
    const arrived = once(socket, 'message');
    sink.write(record('by name'));
    const [packet] = (await arrived) as [Buffer];
    expect(packet.toString()).toContain('by name');
    await sink.close();
  });

  it('ends although the name has no address', async () => {
    const sink = new SyslogUdpSink('no.such.name.invalid', 514, settings);
    sink.write(record('lost'));
    await sink.close();
  });
});
