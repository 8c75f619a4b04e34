// The least that a Node process can do as an SMTP server: read lines, find CRLF.CRLF, answer. No checks, no policy, no storage. With a
// certificate also STARTTLS, and then the same under TLS. The benchmark divides by it. Usage: node floor.mjs PORT [CERTIFICATE KEY] (0 picks a free port)
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';

const END = Buffer.from('\r\n.\r\n');
const EMPTY = Buffer.alloc(0);
const [, , port = '0', certificate, key] = process.argv;
const secureContext =
  certificate === undefined
    ? undefined
    : createSecureContext({ cert: readFileSync(certificate), key: readFileSync(key) });

/** Speaks SMTP on a socket; `offer` is what EHLO says besides 8BITMIME. */
function serve(socket, offer) {
  const hello = `250-floor\r\n${offer}250 8BITMIME\r\n`;
  let commands = EMPTY;
  /** The last bytes of the message, in case the end straddles two reads; undefined outside DATA. */
  let tail;
  socket.on('error', () => socket.destroy());
  const onData = (chunk) => {
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
        if (verb === 'STAR' && offer !== '') {
          socket.off('data', onData);
          socket.write(`${replies}220 go\r\n`);
          serve(new TLSSocket(socket, { isServer: true, secureContext }), '');
          return;
        }
        replies += verb === 'EHLO' ? hello : '250 ok\r\n';
      }
      if (replies !== '') socket.write(replies);
      if (tail === undefined || commands.length === 0) return;
      input = commands;
      commands = EMPTY;
    }
  };
  socket.on('data', onData);
}

createServer({ noDelay: true }, (socket) => {
  socket.write('220 floor ESMTP\r\n');
  serve(socket, secureContext === undefined ? '' : '250-STARTTLS\r\n');
}).listen(Number(port), '127.0.0.1', function () {
  console.log(`listening on 127.0.0.1:${this.address().port}`);
});
