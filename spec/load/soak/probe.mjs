// A good client in a process of its own, so that only the server's time is measured: sessions that send commands one by one, at 20 a
// second. Told by its parent which phase it is (`phase NAME`); at `end` it says how long replies took: { NAME: { count, p50, p99, max } }.
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

const port = Number(process.argv[2]);
const times = new Map();
let phase = '';
let over = false;

function note(milliseconds) {
  const list = times.get(phase) ?? [];
  list.push(milliseconds);
  times.set(phase, list);
}

/** The time to the end of the next reply; undefined when the connection ends before. */
function reply(socket, began) {
  return new Promise((resolve) => {
    let text = '';
    const data = (chunk) => {
      text += chunk.toString('latin1');
      if (/^\d{3}(?: [^\n]*)?\r\n$/m.test(text)) finish(performance.now() - began);
    };
    const end = () => finish(undefined);
    const finish = (result) => {
      socket.off('data', data).off('close', end);
      resolve(result);
    };
    socket.on('data', data).on('close', end);
  });
}

async function session() {
  let began = performance.now();
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => undefined);
  let took = await reply(socket, began);
  if (took !== undefined) note(took);
  const commands = [
    'EHLO probe.example',
    'MAIL FROM:<good@example.com>',
    'RCPT TO:<bb@example.net>',
    'NOOP',
    'RSET',
  ];
  for (let i = 0; i < 20 && took !== undefined && !over; i++) {
    await wait(40 + Math.random() * 20);
    began = performance.now();
    socket.write(`${commands[i % commands.length]}\r\n`);
    took = await reply(socket, began);
    if (took !== undefined) note(took);
  }
  socket.destroy();
}

function summary() {
  const result = {};
  for (const [name, list] of times) {
    const sorted = list.toSorted((a, b) => a - b);
    const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    result[name] = { count: sorted.length, p50: at(0.5), p99: at(0.99), max: sorted.at(-1) };
  }
  return result;
}

process.on('message', (message) => {
  if (typeof message === 'string' && message.startsWith('phase ')) phase = message.slice(6);
  if (message === 'end') {
    over = true;
    process.send?.(summary(), () => process.exit(0));
  }
});
process.on('disconnect', () => process.exit(1));
while (!over) await session();
