// A name server for the benchmark: answers every question at once with 192.0.2.1, without looking at it.
import { createSocket } from 'node:dgram';

const socket = createSocket('udp4');
const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, 1]);
socket.on('message', (query, from) => {
  let end = 12;
  while (end < query.length && query[end] !== 0) end += query[end] + 1;
  const reply = Buffer.concat([query.subarray(0, end + 5), answer]);
  reply[2] = 0x84;
  reply[3] = 0;
  reply.writeUInt16BE(1, 6);
  reply.writeUInt16BE(0, 8);
  reply.writeUInt16BE(0, 10);
  socket.send(reply, from.port, from.address);
});
socket.bind(0, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${socket.address().port}`));
