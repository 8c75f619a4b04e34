// Measurements that are no throughput: memory of idle connections, memory over many messages, processors with two workers.
import { connect, type Socket } from 'node:net';
import { measure, resident, run } from './process.ts';
import { type Extra, median } from './report.ts';
import { smtpe } from './servers.ts';

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1500));

/** `count` connections that have read the banner. */
async function openIdle(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(100, count - sockets.length) }, () => {
      const socket = connect(port, '127.0.0.1');
      return new Promise<Socket>((resolve, reject) => {
        socket.once('data', () => resolve(socket));
        socket.once('error', reject);
      });
    });
    sockets.push(...(await Promise.all(batch)));
  }
  return sockets;
}

async function idleConnections(count: number): Promise<Extra> {
  const { running, port } = await smtpe('six.lua').start('0', undefined);
  try {
    // One wave first, so that what is allocated once is not counted.
    for (const socket of await openIdle(port, 200)) socket.destroy();
    await settle();
    const before = resident(running.pid);
    const sockets = await openIdle(port, count);
    await settle();
    const after = resident(running.pid);
    for (const socket of sockets) socket.destroy();
    const each = ((after - before) * 1024) / count;
    return {
      title: 'Idle connections',
      text: `${count} connections past the banner, six-hook policy: ${before.toFixed(0)} MiB before, ${after.toFixed(0)} MiB after, **${each.toFixed(1)} KiB each**.`,
    };
  } finally {
    await running.stop();
  }
}

async function manyMessages(total: number): Promise<Extra> {
  const { running, port } = await smtpe('six.lua').start('0', undefined);
  try {
    const steps = 10;
    const memory: string[] = [];
    for (let i = 0; i < steps; i++) {
      const load = [
        'smtp-source',
        '-4',
        ...(i % 2 === 0 ? ['-d'] : []),
        '-s',
        '20',
        '-l',
        '1024',
        '-m',
        String(total / steps),
      ];
      await run('1', [...load, '-f', 'a@example.com', '-t', 'b@example.net', `127.0.0.1:${port}`], 300);
      memory.push(resident(running.pid).toFixed(0));
    }
    return {
      title: 'Memory over many messages',
      text: `${total} messages, kept and new connections in turn; resident MiB after each tenth: ${memory.join(', ')}.`,
    };
  } finally {
    await running.stop();
  }
}

async function workers(quick: boolean): Promise<Extra> {
  const share = quick ? 0.3 : 1;
  const lines: string[] = [];
  for (const kept of [false, true]) {
    const cost: number[] = [];
    for (const count of [1, 2]) {
      const { running, port } = await smtpe('six.lua', [`workers=${count}`]).start('0,1', undefined);
      try {
        const load = (messages: number): readonly string[] => [
          ...[
            'smtp-source',
            '-4',
            ...(kept ? ['-d'] : []),
            '-s',
            '20',
            '-l',
            '10240',
            '-m',
            String(Math.ceil(messages * share)),
          ],
          ...['-f', 'a@example.com', '-t', 'b@example.net', `127.0.0.1:${port}`],
        ];
        // Two workers have twice as much to compile before they are warm.
        await run('0,1', load(kept ? 40_000 : 20_000));
        const samples: number[] = [];
        for (let round = 0; round < 3; round++) {
          const messages = kept ? 20_000 : 8000;
          const before = measure(running.pid);
          await run('0,1', load(messages));
          samples.push(((measure(running.pid).cpu - before.cpu) * 1000) / Math.ceil(messages * share));
        }
        cost.push(median(samples));
      } finally {
        await running.stop();
      }
    }
    const [one = Number.NaN, two = Number.NaN] = cost;
    lines.push(
      `${kept ? 'Kept' : 'New'} connections: ${one.toFixed(3)} ms with one worker, ${two.toFixed(3)} ms with two, **${(two / one).toFixed(2)} times**.`,
    );
  }
  return {
    title: 'Two workers',
    text: `CPU per message (10 KB, 20 sessions, six-hook policy), all processes of smtpe added. ${lines.join(' ')}`,
  };
}

export async function extras(quick: boolean): Promise<readonly Extra[]> {
  return [
    await idleConnections(quick ? 2000 : 10_000),
    await manyMessages(quick ? 20_000 : 200_000),
    await workers(quick),
  ];
}
