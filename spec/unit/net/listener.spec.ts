import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { endpointText, Listener, onPort } from '../../../src/net/listener.ts';

const open: Listener[] = [];
const sockets: Socket[] = [];
const listener = (connection: (socket: Socket) => void = (socket) => socket.end()): Listener => {
  const made = new Listener({ connection, error: () => undefined });
  open.push(made);
  return made;
};
const dial = (host: string, port: number): Socket => {
  const socket = connect({ host, port });
  sockets.push(socket);
  return socket;
};
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const one of open.splice(0)) await one.close();
});

describe('Listener', () => {
  it('picks one free port for several addresses and hands over connections to each', async () => {
    const seen: (string | undefined)[] = [];
    const one = listener((socket) => {
      seen.push(socket.localAddress);
      socket.end();
    });
    const endpoints = await one.listen(onPort(['127.0.0.1', '127.0.0.2'], 0), 10);
    expect(new Set(endpoints.map(({ port }) => port)).size).toBe(1);
    for (const { address, port } of endpoints) {
      const socket = dial(address, port);
      socket.resume();
      await once(socket, 'close');
    }
    expect(seen).toEqual(['127.0.0.1', '127.0.0.2']);
  });

  it.each([
    [['0.0.0.0', '::']],
    [['::', '0.0.0.0']],
    [['127.0.0.1', '::']],
    [['::', '127.0.0.1']],
    [['::1', '127.0.0.1', '127.0.0.1']],
  ])('listens on IPv4 and IPv6 side by side: %j', async (addresses) => {
    const one = listener();
    const endpoints = await one.listen(onPort(addresses, 0), 10);
    expect(endpoints.map(({ address }) => address)).toEqual([...new Set(addresses)]);
    for (const host of ['127.0.0.1', '::1']) {
      const socket = dial(host, endpoints[0]?.port ?? 0);
      socket.resume();
      await once(socket, 'close');
    }
  });

  it('listens on all addresses when none is given', async () => {
    const [endpoint] = await listener().listen(onPort([], 0), 10);
    const socket = dial('127.0.0.1', endpoint?.port ?? 0);
    await once(socket, 'connect');
    socket.resume();
    await once(socket, 'close');
  });

  it('rejects with the error of the system, and then nothing listens', async () => {
    const [taken] = await listener().listen(onPort(['127.0.0.2'], 0), 10);
    const other = listener();
    await expect(
      other.listen(onPort(['127.0.0.1', '127.0.0.2'], taken?.port ?? 0), 10),
    ).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    expect(other.endpoints).toEqual([]);
    const socket = dial('127.0.0.1', taken?.port ?? 0);
    await expect(once(socket, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('stops listening at once, with connections open', async () => {
    let served: Socket | undefined;
    const one = listener((socket) => {
      served = socket;
    });
    const [endpoint] = await one.listen(onPort(['127.0.0.1'], 0), 10);
    const port = endpoint?.port ?? 0;
    const socket = dial('127.0.0.1', port);
    await once(socket, 'connect');
    await one.close();
    expect(one.endpoints).toEqual([]);
    await expect(once(dial('127.0.0.1', port), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    served?.end('bye');
    expect(String((await once(socket, 'data'))[0])).toBe('bye');
  });

  it('lets a client close its side and still read', async () => {
    const one = listener((socket) => {
      socket.on('end', () => socket.end('answer'));
      socket.resume();
    });
    const [endpoint] = await one.listen(onPort(['127.0.0.1'], 0), 10);
    const socket = dial('127.0.0.1', endpoint?.port ?? 0);
    socket.end('question');
    expect(String((await once(socket, 'data'))[0])).toBe('answer');
  });

  it('writes endpoints as people do', () => {
    expect(endpointText({ address: '127.0.0.1', port: 25 })).toBe('127.0.0.1:25');
    expect(endpointText({ address: '::', port: 2525 })).toBe('[::]:2525');
  });
});
