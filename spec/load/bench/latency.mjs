// Sends messages over kept connections and measures the time from the final dot to its reply. Runs in its own process so that it can
// be pinned. Usage: node latency.mjs PORT SESSIONS SIZE COUNT [FILE]; prints {"p50":ms,"p99":ms}.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

const [port, sessions, size, count] = process.argv.slice(2, 6).map(Number);
const file = process.argv[6];
const line = `${'x'.repeat(76)}\r\n`;
const text =
  file === undefined
    ? `Subject: latency\r\n\r\n${line.repeat(Math.max(1, Math.floor(size / line.length)))}`
    : readFileSync(file, 'latin1').replaceAll('\n', '\r\n');
const message = Buffer.from(`${text}.\r\n`, 'latin1');
const times = [];
let left = count;
let open = sessions;

function session() {
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  let step = 0;
  let sent = 0;
  let reply = '';
  const say = (command) => socket.write(command);
  const next = () => {
    switch (step++) {
      case 0:
        return say('EHLO latency.example\r\n');
      case 1:
        if (left-- <= 0) {
          step = 9;
          return say('QUIT\r\n');
        }
        return say('MAIL FROM:<a@example.com>\r\n');
      case 2:
        return say('RCPT TO:<b@example.net>\r\n');
      case 3:
        return say('DATA\r\n');
      case 4:
        sent = performance.now();
        return say(message);
      case 5:
        times.push(performance.now() - sent);
        step = 1;
        return next();
      default:
        socket.end();
        return undefined;
    }
  };
  socket.on('data', (chunk) => {
    reply += chunk.toString('latin1');
    if (!/^\d{3} .*\r\n$/m.test(reply.slice(reply.lastIndexOf('\n', reply.length - 2) + 1))) return;
    reply = '';
    next();
  });
  socket.on('error', (error) => {
    console.error(error.message);
    process.exit(1);
  });
  socket.on('close', () => {
    if (--open > 0) return;
    times.sort((a, b) => a - b);
    const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
    console.log(JSON.stringify({ p50: at(0.5), p99: at(0.99) }));
  });
}

for (let i = 0; i < sessions; i++) session();
