// Sends a first message to smtpe and shows the dialogue: node etc/hello.mjs [address:port] [recipient] [anyway]
// Nothing is sent to a server that does not greet as smtpe does: it is somebody else's. `anyway` sends all the same.
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const [, , where = '127.0.0.1:2525', recipient = 'postmaster@example.com', anyway] = process.argv;
const colon = where.lastIndexOf(':');
const port = Number(where.slice(colon + 1));
if (colon < 1 || !Number.isInteger(port) || port < 1 || port > 65_535) {
  console.error(`${where} is no address:port, such as 127.0.0.1:2525`);
  process.exit(64);
}
const socket = connect(port, where.slice(0, colon).replace(/^\[|\]$/g, ''));
const message = [
  'From: hello@example.com',
  `To: ${recipient}`,
  'Subject: hello, smtpe',
  `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
  `Message-ID: <${Date.now()}.${process.pid}@example.com>`,
  '',
  'This is the first message.',
  '.',
];
const commands = [
  'EHLO localhost',
  'MAIL FROM:<hello@example.com>',
  `RCPT TO:<${recipient}>`,
  'DATA',
  message.join('\r\n'),
  'QUIT',
];

/** smtpe's banner ends with the session id; a policy may have changed it. */
const isSmtpe = (banner) => /^220 \S+ ESMTP [0-9A-Za-z]{18}$/.test(banner);

let greeted = false;
let accepted = false;
let foreign = false;
try {
  await once(socket, 'connect');
} catch (error) {
  console.error(`no smtpe at ${where}: ${error.message}; start it with: npm start`);
  process.exit(1);
}
for await (const line of createInterface({ input: socket })) {
  console.log(`< ${line}`);
  if (line[3] === '-') continue;
  foreign = !greeted && !isSmtpe(line) && anyway !== 'anyway';
  greeted = true;
  if (commands.length === 1) accepted = line.startsWith('250');
  const command = foreign || line.startsWith('4') || line.startsWith('5') ? 'QUIT' : commands.shift();
  if (command === undefined || line.startsWith('221')) break;
  for (const part of command.split('\r\n')) console.log(`> ${part}`);
  socket.write(`${command}\r\n`);
  if (foreign) break;
}
socket.end();
if (foreign) {
  console.error(
    `that does not greet as smtpe does, so nothing was sent: another server listens at ${where}?\n` +
      'Name the address where yours listens (npm run hello -- 127.0.0.1:2600), or send all the same: ' +
      `npm run hello -- ${where} ${recipient} anyway`,
  );
}
if (!accepted) process.exitCode = 1;
