// A scripted name server on loopback, UDP and TCP on one port, for every test that needs DNS. Answers from zone lines (dns-zone.ts) as
// a recursive server does: aliases followed, NXDOMAIN for names not in the zone, an SOA in denials when the zone has one above. Scripts
// make it faulty for chosen names.
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { nameOctets, packetOctets, parseZone, recordOctets, type Zone, type ZoneRecord } from './dns-zone.ts';

export interface SeenQuery {
  readonly id: number;
  /** As sent, without final dot. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly edns: boolean;
  /** UDP size of the OPT record, 0 without. */
  readonly ednsSize: number;
  readonly tcp: boolean;
  /** The client's port. */
  readonly port: number;
  readonly packet: Buffer;
  /** The question section. */
  readonly question: Buffer;
}

/** What happens instead of the answer by the zone. `reply` in a packet maker is that answer. */
export type Action =
  | { readonly kind: 'answer' }
  | { readonly kind: 'drop' }
  /** Answer when `release()` is called. */
  | { readonly kind: 'hold' }
  /** The answer after a while: the one of the zone, or what `make` makes of it. */
  | { readonly kind: 'delay'; readonly ms: number; make?(query: SeenQuery, reply: Buffer): Buffer }
  | { readonly kind: 'packet'; make(query: SeenQuery, reply: Buffer): Buffer | readonly Buffer[] }
  /** TCP: the first `octets` of the stream, then the end. */
  | { readonly kind: 'cut'; readonly octets: number };

export type Match = string | ((query: SeenQuery) => boolean);

/** Packet makers for the usual lies. */
export const faults = {
  wrongId: {
    kind: 'packet',
    make: (_query, reply) => patched(reply, 0, (reply.readUInt16BE(0) + 1) & 0xffff),
  },
  wrongQuestion: {
    kind: 'packet',
    make: (query) =>
      packetOctets({
        id: query.id,
        question: Buffer.concat([nameOctets('other.example.test'), Buffer.from([0, 1, 0, 1])]),
        answer: [recordOctets('other.example.test', 1, 300, Buffer.from([192, 0, 2, 66]))],
      }),
  },
  isQuery: { kind: 'packet', make: (query) => query.packet },
  truncated: {
    kind: 'packet',
    make: (query) => packetOctets({ id: query.id, flags: 0x8380, question: query.question }),
  },
  garbage: {
    kind: 'packet',
    make: (query) =>
      Buffer.concat([
        packetOctets({ id: query.id, question: query.question, answer: [Buffer.alloc(0)] }),
        Buffer.from('c0ffee00c0ffee', 'hex'),
      ]),
  },
  tiny: { kind: 'packet', make: (query) => query.packet.subarray(0, 5) },
} as const satisfies Record<string, Action>;

function patched(packet: Buffer, offset: number, value: number): Buffer {
  const copy = Buffer.from(packet);
  copy.writeUInt16BE(value, offset);
  return copy;
}

/** Answers by an error without records. */
export const rcodeAction = (code: number, withQuestion = true): Action => ({
  kind: 'packet',
  make: (query) =>
    packetOctets({ id: query.id, rcode: code, question: withQuestion ? query.question : undefined }),
});

/** Answers with these records, whatever they are. */
export const recordsAction = (...answer: Buffer[]): Action => ({
  kind: 'packet',
  make: (query) => packetOctets({ id: query.id, question: query.question, answer }),
});

interface Script {
  readonly match: Match;
  readonly actions: Action[];
}

export class FakeDnsServer {
  readonly host: string;
  readonly port: number;
  readonly queries: SeenQuery[] = [];
  readonly #udp: UdpSocket;
  readonly #tcp: Server | undefined;
  readonly #sockets = new Set<Socket>();
  readonly #scripts: Script[] = [];
  readonly #held: (() => void)[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  #watchers: (() => void)[] = [];
  #zone: Zone;

  private constructor(host: string, udp: UdpSocket, tcp: Server | undefined, lines: readonly string[]) {
    this.host = host;
    this.port = udp.address().port;
    this.#udp = udp;
    this.#tcp = tcp;
    this.#zone = parseZone(lines);
    udp.on('message', (packet, from) => {
      this.#handle(packet, false, from.port, (reply) => udp.send(reply, from.port, from.address));
    });
    udp.on('error', () => {});
    tcp?.on('connection', (socket) => this.#serve(socket));
  }

  static async start(
    lines: readonly string[] = [],
    { host = '127.0.0.1', tcp = true, port = 0 }: { host?: string; tcp?: boolean; port?: number } = {},
  ): Promise<FakeDnsServer> {
    for (;;) {
      const udp = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 1 << 20 });
      udp.bind(port, host);
      await once(udp, 'listening');
      if (!tcp) return new FakeDnsServer(host, udp, undefined, lines);
      const server = createServer();
      server.listen(udp.address().port, host);
      try {
        await once(server, 'listening');
        return new FakeDnsServer(host, udp, server, lines);
      } catch {
        // The TCP port of that number is taken: another one.
        udp.close();
      }
    }
  }

  /** For option dns-servers. */
  get address(): string {
    return this.host.includes(':') ? `[${this.host}]:${this.port}` : `${this.host}:${this.port}`;
  }

  /** TCP connections that clients have open. */
  get connections(): number {
    return this.#sockets.size;
  }

  setZone(lines: readonly string[]): void {
    this.#zone = parseZone(lines);
  }

  /** The next matching queries get these actions one after the other; the last one stays. A name matches in any case. */
  script(match: Match, ...actions: Action[]): void {
    this.#scripts.unshift({ match, actions });
  }

  /** Answers what was held. */
  release(): void {
    for (const answer of this.#held.splice(0)) answer();
  }

  /** Resolves when `count` queries (of all so far) have come. */
  async seen(count: number): Promise<void> {
    while (this.queries.length < count) await new Promise<void>((resolve) => this.#watchers.push(resolve));
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const socket of this.#sockets) socket.destroy();
    const closed = [once(this.#udp, 'close')];
    this.#udp.close();
    if (this.#tcp !== undefined) {
      closed.push(once(this.#tcp, 'close'));
      this.#tcp.close();
    }
    await Promise.all(closed);
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    let received = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const packet = received.subarray(2, 2 + received.readUInt16BE(0));
        received = received.subarray(2 + packet.length);
        const send = (reply: Buffer): void => {
          const length = Buffer.alloc(2);
          length.writeUInt16BE(reply.length);
          socket.write(Buffer.concat([length, reply]));
        };
        this.#handle(packet, true, socket.remotePort ?? 0, send, socket);
      }
    });
  }

  #handle(packet: Buffer, tcp: boolean, port: number, send: (reply: Buffer) => void, socket?: Socket): void {
    const query = readQuery(packet, tcp, port);
    this.queries.push(query);
    const action = this.#action(query);
    const reply = this.#answer(query);
    switch (action.kind) {
      case 'answer':
        send(reply);
        break;
      case 'drop':
        break;
      case 'hold':
        this.#held.push(() => send(reply));
        break;
      case 'delay': {
        const timer = setTimeout(() => {
          this.#timers.delete(timer);
          send(action.make?.(query, reply) ?? reply);
        }, action.ms);
        this.#timers.add(timer);
        break;
      }
      case 'packet':
        for (const made of [action.make(query, reply)].flat()) send(made);
        break;
      case 'cut': {
        const stream = Buffer.concat([Buffer.from([reply.length >> 8, reply.length & 255]), reply]);
        socket?.end(stream.subarray(0, action.octets));
        break;
      }
    }
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watcher of watchers) watcher();
  }

  #action(query: SeenQuery): Action {
    for (const { match, actions } of this.#scripts) {
      const matches =
        typeof match === 'string' ? match.toLowerCase() === query.name.toLowerCase() : match(query);
      if (!matches) continue;
      const action = actions.length > 1 ? actions.shift() : actions[0];
      if (action !== undefined) return action;
    }
    return { kind: 'answer' };
  }

  /** The answer by the zone. */
  #answer(query: SeenQuery): Buffer {
    const { id, question } = query;
    const name = query.name.toLowerCase();
    const failure = this.#zone.failures.get(name);
    if (failure !== undefined) return packetOctets({ id, rcode: failure, question });
    const answer: ZoneRecord[] = [];
    let owner = name;
    let known = false;
    for (let i = 0; i < 20; i++) {
      const records = this.#zone.records.filter((record) => record.owner === owner);
      known = records.length > 0;
      const wanted = records.filter((record) => record.type === query.type || query.type === 255);
      const alias = records.find((record) => record.type === 5);
      answer.push(...(wanted.length > 0 || alias === undefined ? wanted : [alias]));
      if (wanted.length > 0 || alias?.target === undefined) break;
      owner = alias.target;
    }
    const soa = this.#zone.records.find(
      (record) => record.type === 6 && (owner === record.owner || owner.endsWith(`.${record.owner}`)),
    );
    const found = answer.some((record) => record.type === query.type) || (query.type === 255 && known);
    const octets = (record: ZoneRecord): Buffer =>
      recordOctets(record.owner, record.type, record.ttl, record.data);
    return packetOctets({
      id,
      rcode: known ? 0 : 3,
      question,
      answer: answer.map(octets),
      authority: found || soa === undefined ? [] : [octets(soa)],
    });
  }
}

function readQuery(packet: Buffer, tcp: boolean, port: number): SeenQuery {
  const labels: string[] = [];
  let position = 12;
  for (let length = packet[position] ?? 0; length > 0; length = packet[position] ?? 0) {
    labels.push(packet.toString('latin1', position + 1, position + 1 + length));
    position += 1 + length;
  }
  const end = position + 5;
  const edns = packet.readUInt16BE(10) === 1 && packet.readUInt16BE(end + 1) === 41;
  return {
    id: packet.readUInt16BE(0),
    name: labels.join('.'),
    type: packet.readUInt16BE(end - 4),
    class: packet.readUInt16BE(end - 2),
    edns,
    ednsSize: edns ? packet.readUInt16BE(end + 3) : 0,
    tcp,
    port,
    packet,
    question: packet.subarray(12, end),
  };
}
