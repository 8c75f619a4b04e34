// A name server for the benchmark: answers every question at once, TXT from the table that it is given (JSON), without a record where that has
// none, and all others with 192.0.2.1, without looking at them. Usage: node name-server.mjs [TEXTS]
import { createSocket } from 'node:dgram';

const socket = createSocket('udp4');
const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, 1]);
// That there is none may be remembered: an SOA record of the root.
const none = Buffer.concat([
  Buffer.from([0, 0, 6, 0, 1, 0, 0, 1, 44, 0, 22]),
  Buffer.alloc(20),
  Buffer.from([1, 44]),
]);
const TXT = 16;
const texts = new Map(
  Object.entries(JSON.parse(process.argv[2] ?? '{}')).map(([name, text]) => [name, textAnswer(text)]),
);

function textAnswer(text) {
  const strings = text
    .match(/.{1,255}/g)
    .map((part) => Buffer.from(`${String.fromCharCode(part.length)}${part}`, 'latin1'));
  const data = Buffer.concat(strings);
  return Buffer.concat([
    Buffer.from([0xc0, 12, 0, TXT, 0, 1, 0, 0, 1, 44, data.length >> 8, data.length & 255]),
    data,
  ]);
}

/** The name that is asked for, from its octets. */
function nameIn(query, end) {
  const labels = [];
  for (let at = 12; at < end; at += query[at] + 1)
    labels.push(query.toString('latin1', at + 1, at + 1 + query[at]));
  return labels.join('.').toLowerCase();
}

socket.on('message', (query, from) => {
  let end = 12;
  while (end < query.length && query[end] !== 0) end += query[end] + 1;
  const isText = query.readUInt16BE(end + 1) === TXT;
  const record = isText ? texts.get(nameIn(query, end)) : answer;
  const reply = Buffer.concat([query.subarray(0, end + 5), record ?? none]);
  reply[2] = 0x84;
  reply[3] = 0;
  reply.writeUInt16BE(record === undefined ? 0 : 1, 6);
  reply.writeUInt16BE(record === undefined ? 1 : 0, 8);
  reply.writeUInt16BE(0, 10);
  socket.send(reply, from.port, from.address);
});
socket.bind(0, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${socket.address().port}`));
