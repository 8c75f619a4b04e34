// Hostile clients of the soak run, in a process of their own: what a stranger may do to a server, at bounded rates, until the parent goes.
// Nothing of it is meant to get mail through. Loopback only.
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

const port = Number(process.argv[2]);
const counts = {};
let policies = false;
let over = false;

const HEAD = 'EHLO h.example\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<bb@example.net>\r\nDATA\r\n';
const count = (what) => {
  counts[what] = (counts[what] ?? 0) + 1;
};

function open() {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.on('error', () => undefined);
    socket.on('connect', () => resolve(socket));
    socket.on('close', () => resolve(socket));
  });
}

/** Sends lines and waits a little after each: replies are not looked at. */
async function say(socket, text) {
  for (const line of text.split(/(?<=\r\n)/)) {
    if (socket.destroyed) return;
    socket.write(line);
    await wait(15);
  }
}

const clients = {
  /** Content and commands in segments of one octet. */
  async 'tiny segments'() {
    const socket = await open();
    await say(socket, HEAD);
    for (let i = 0; i < 4000 && !socket.destroyed; i++) {
      socket.write('x');
      if (i % 20 === 0) await wait(5);
    }
    socket.resetAndDestroy();
  },
  /** Lines of one octet that end in a bare LF; the dot never comes. */
  async 'bare LF'() {
    const socket = await open();
    await say(socket, HEAD);
    for (let i = 0; i < 10 && !socket.destroyed; i++) {
      socket.write('x\n'.repeat(10_000));
      await wait(50);
    }
    socket.resetAndDestroy();
  },
  /** The same header again and again, and a line without end. */
  async headers() {
    const socket = await open();
    await say(socket, HEAD);
    socket.write('X-A:1\r\n'.repeat(20_000));
    await wait(100);
    socket.write('y'.repeat(500_000));
    await wait(100);
    socket.destroy();
  },
  /** An octet each half second, until the server has enough of it. */
  async slow() {
    const socket = await open();
    const text = `EHLO ${'slow.'.repeat(50)}\r\n`;
    for (let i = 0; i < text.length && !socket.destroyed && !over; i++) {
      socket.write(text[i] ?? '');
      await wait(500);
    }
    socket.destroy();
  },
  async reset() {
    const socket = await open();
    const steps = ['', 'EHLO x\r\n', HEAD, `${HEAD}Subject: x\r\n\r\nbody`];
    socket.write(steps[Math.floor(Math.random() * steps.length)] ?? '');
    await wait(Math.random() * 20);
    socket.resetAndDestroy();
  },
  async junk() {
    const socket = await open();
    socket.write(Buffer.from(Array.from({ length: 20_000 }, () => Math.floor(Math.random() * 256))));
    await wait(50);
    socket.end('NONSENSE\r\n'.repeat(500));
    await wait(50);
    socket.destroy();
  },
  /** A group of commands without end behind one that waits for the DNS, and nobody reads the replies. */
  async flood() {
    const socket = await open();
    socket.pause();
    socket.write(
      `EHLO x\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<${'c'.repeat(1 + Math.floor(Math.random() * 60))}@example.net>\r\n`,
    );
    socket.write('NOOP\r\n'.repeat(2000));
    await wait(200);
    socket.resetAndDestroy();
  },
};

/** What policies may do, by the name in the sender (policy.ts). */
const kinds = ['spin', 'coroutines', 'sort', 'hoard', 'compare', 'load', 'pattern', 'garbage'];
async function policy(kind) {
  const socket = await open();
  await say(socket, `EHLO x\r\nMAIL FROM:<hostile-${kind}@example.com>\r\n`);
  await wait(4000);
  socket.destroy();
}

async function often(name, gap, run) {
  while (!over) {
    await wait(gap * (0.5 + Math.random()));
    count(name);
    await run();
  }
}

process.on('message', (message) => {
  if (message === 'policies') policies = true;
  if (message === 'end') {
    over = true;
    process.send?.(counts, () => process.exit(0));
  }
});
process.on('disconnect', () => process.exit(1));

void often('tiny segments', 1000, clients['tiny segments']);
void often('bare LF', 1000, clients['bare LF']);
void often('headers', 2000, clients.headers);
for (let i = 0; i < 10; i++) void often('slow', 500, clients.slow);
void often('reset', 60, clients.reset);
void often('junk', 1000, clients.junk);
void often('flood', 1000, clients.flood);
let next = 0;
void often('hostile policy', 1000, async () => {
  if (policies) await policy(kinds[next++ % kinds.length]);
});
