// The least that a Node process can do as an SMTP server: read lines, find CRLF.CRLF, answer. No checks, no policy, no storage.
// The benchmark divides by it. Usage: node floor.mjs PORT (0 picks a free one)
import { createServer } from 'node:net';

const END = Buffer.from('\r\n.\r\n');
const EMPTY = Buffer.alloc(0);

createServer({ noDelay: true }, (socket) => {
  let commands = EMPTY;
  /** The last bytes of the message, in case the end straddles two reads; undefined outside DATA. */
  let tail;
  socket.on('error', () => socket.destroy());
  socket.write('220 floor ESMTP\r\n');
  socket.on('data', (chunk) => {
    let input = chunk;
    for (;;) {
      if (tail !== undefined) {
        const seen = Buffer.concat([tail, input]);
        const end = seen.indexOf(END);
        if (end < 0) {
          tail = seen.subarray(Math.max(0, seen.length - 4));
          return;
        }
        tail = undefined;
        socket.write('250 ok\r\n');
        input = seen.subarray(end + 5);
      }
      commands = commands.length === 0 ? input : Buffer.concat([commands, input]);
      input = EMPTY;
      let replies = '';
      for (let lineEnd = commands.indexOf(10); lineEnd >= 0; lineEnd = commands.indexOf(10)) {
        const verb = commands.latin1Slice(0, 4).toUpperCase();
        commands = commands.subarray(lineEnd + 1);
        if (verb === 'DATA') {
          replies += '354 go\r\n';
          tail = Buffer.from('\r\n');
          break;
        }
        if (verb === 'QUIT') {
          socket.end(`${replies}221 bye\r\n`);
          return;
        }
        replies += verb === 'EHLO' ? '250-floor\r\n250 8BITMIME\r\n' : '250 ok\r\n';
      }
      if (replies !== '') socket.write(replies);
      if (tail === undefined || commands.length === 0) return;
      input = commands;
      commands = EMPTY;
    }
  });
}).listen(Number(process.argv[2] ?? 0), '127.0.0.1', function () {
  console.log(`listening on 127.0.0.1:${this.address().port}`);
});
