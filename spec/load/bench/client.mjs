// A load client for what postfix's smtp-source cannot do: TLS by STARTTLS (new, resumed or kept), and the time from the final dot to its reply.
// A process of its own, so that it can be pinned. It fails when a reply is not what it should be, when TLS is not 1.3, or when a session that
// should be resumed is not (or the other way round): each message that it counts was taken in the same way by every server.
// Usage: node client.mjs '{"port":,"sessions":,"count":,"size":,"kept":,"tls":"no"|"new"|"resumed","file":}'
// Prints {"seconds":,"cpu":,"handshakes":,"p50":,"p99":}: seconds from the first connection to the end of the last, the client's own processor
// seconds in them, milliseconds from dot to reply.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createSecureContext, connect as secure } from 'node:tls';

const { port, sessions, count, size, kept, tls, file } = JSON.parse(process.argv[2]);
const line = `${'x'.repeat(76)}\r\n`;
const text =
  file === undefined
    ? `Subject: load\r\n\r\n${line.repeat(Math.max(1, Math.floor(size / line.length)))}`
    : readFileSync(file, 'latin1').replaceAll('\n', '\r\n');
const message = Buffer.from(`${text}.\r\n`, 'latin1');
// One for all: it is not what is measured.
const secureContext = createSecureContext({ minVersion: 'TLSv1.3' });
const times = [];
let left = count;
let open = 0;
let handshakes = 0;

function fail(why) {
  console.error(why);
  process.exit(1);
}

/** What is said after what, and the code that answers it. */
const steps = [
  ['MAIL FROM:<a@example.com>\r\n', '250'],
  ['RCPT TO:<b@example.net>\r\n', '250'],
  ['DATA\r\n', '354'],
  [message, '250'],
];

/** One place in which connections follow each other; `ticket`: the session of TLS to resume. */
class Place {
  ticket;

  next() {
    if (left <= 0) return finish();
    left--;
    this.raw = connect({ port, host: '127.0.0.1', noDelay: true });
    this.isSecure = tls === 'no';
    this.listen(this.raw);
    this.state = 'banner';
  }

  listen(socket) {
    this.socket = socket;
    this.reply = '';
    socket.setEncoding('latin1');
    socket.on('error', (error) => fail(error.stack));
    socket.on('data', (chunk) => {
      this.reply = this.reply === '' ? chunk : this.reply + chunk;
      const end = this.reply.length - 2;
      if (!this.reply.endsWith('\r\n')) return;
      const last = this.reply.lastIndexOf('\n', end - 1) + 1;
      if (this.reply[last + 3] === '-') return;
      const code = this.reply.slice(last, last + 3);
      this.reply = '';
      this.answered(code);
    });
  }

  expect(code, wanted) {
    if (code !== wanted) fail(`${this.state}: ${code}, not ${wanted}`);
  }

  answered(code) {
    switch (this.state) {
      case 'banner':
        this.expect(code, '220');
        this.state = 'ehlo';
        return this.socket.write('EHLO client.example\r\n');
      case 'ehlo':
        this.expect(code, '250');
        if (this.isSecure) return this.step(0);
        this.state = 'starttls';
        return this.socket.write('STARTTLS\r\n');
      case 'starttls':
        this.expect(code, '220');
        return this.upgrade();
      case 'quit':
        this.expect(code, '221');
        this.socket.once('close', () => this.next());
        return this.socket.end();
      default:
        this.expect(code, steps[this.state][1]);
        if (this.state === 3) {
          times.push(performance.now() - this.sent);
          if (kept && left > 0) {
            left--;
            return this.step(0);
          }
          this.state = 'quit';
          return this.socket.write('QUIT\r\n');
        }
        return this.step(this.state + 1);
    }
  }

  step(state) {
    this.state = state;
    if (state === 3) this.sent = performance.now();
    this.socket.write(steps[state][0]);
  }

  upgrade() {
    this.isSecure = true;
    this.raw.removeAllListeners('data');
    const session = tls === 'resumed' ? this.ticket : undefined;
    const socket = secure({ socket: this.raw, secureContext, rejectUnauthorized: false, session });
    if (tls === 'resumed') {
      socket.on('session', (ticket) => {
        this.ticket = ticket;
      });
    }
    socket.once('secureConnect', () => {
      handshakes++;
      if (socket.getProtocol() !== 'TLSv1.3') fail(`it speaks ${socket.getProtocol()}`);
      if (socket.isSessionReused() !== (session !== undefined)) fail(`resumed: ${socket.isSessionReused()}`);
      this.state = 'ehlo';
      socket.write('EHLO client.example\r\n');
    });
    this.listen(socket);
  }
}

const began = performance.now();
const before = process.cpuUsage();
function finish() {
  if (--open > 0) return;
  const { user, system } = process.cpuUsage(before);
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
  const seconds = (performance.now() - began) / 1000;
  console.log(
    JSON.stringify({ seconds, cpu: (user + system) / 1e6, handshakes, p50: at(0.5), p99: at(0.99) }),
  );
}

for (let i = 0; i < Math.min(sessions, count); i++) {
  open++;
  new Place().next();
}
