// A name server for dns.bench.ts: answers every question with 192.0.2.1 after 50 ms, in a process of its own so that its work is not
// counted as the resolver's. Tells its port to the parent process.
import { createSocket } from 'node:dgram';

const DELAY = 50;
const record = Buffer.from('c00c0001000100000e100004c0000201', 'hex');
const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
const waiting = [];
let timer;

function send() {
  const now = performance.now();
  while (waiting.length > 0 && waiting[0].at <= now + 0.5) {
    const { reply, port } = waiting.shift();
    socket.send(reply, port, '127.0.0.1');
  }
  timer = waiting.length > 0 ? setTimeout(send, Math.max(1, waiting[0].at - now)) : undefined;
}

socket.on('message', (query, from) => {
  let end = 12;
  while (query[end] !== 0) end += query[end] + 1;
  const reply = Buffer.concat([query.subarray(0, end + 5), record]);
  reply.writeUInt16BE(0x8180, 2);
  reply.writeUInt16BE(1, 6);
  reply.writeUInt16BE(0, 10);
  waiting.push({ at: performance.now() + DELAY, reply, port: from.port });
  if (timer === undefined) timer = setTimeout(send, DELAY);
});
socket.bind(0, '127.0.0.1', () => process.send(socket.address().port));
