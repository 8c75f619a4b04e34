// Sends a first message to smtpe and shows the dialogue: node etc/hello.mjs [address:port] [recipient]
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const [, , where = '127.0.0.1:2525', recipient = 'postmaster@example.com'] = process.argv;
const colon = where.lastIndexOf(':');
const socket = connect(Number(where.slice(colon + 1)), where.slice(0, colon).replace(/^\[|\]$/g, ''));
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

let accepted = false;
try {
  await once(socket, 'connect');
} catch (error) {
  console.error(`no smtpe at ${where}: ${error.message}; start it with: npm start`);
  process.exit(1);
}
for await (const line of createInterface({ input: socket })) {
  console.log(`< ${line}`);
  if (line[3] === '-') continue;
  if (commands.length === 1) accepted = line.startsWith('250');
  const command = line.startsWith('4') || line.startsWith('5') ? 'QUIT' : commands.shift();
  if (command === undefined || line.startsWith('221')) break;
  for (const part of command.split('\r\n')) console.log(`> ${part}`);
  socket.write(`${command}\r\n`);
}
socket.end();
if (!accepted) process.exitCode = 1;
