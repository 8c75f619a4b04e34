// The ways on which clients of the soak run come: in clear, by STARTTLS, with TLS from the first octet, each also through a balancer that says
// who they are. What a session is to be seen as goes into its EHLO, for the policy to compare.
import { once } from 'node:events';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Seeded } from '../../fakes/seeded.ts';
import { SmtpClient } from '../../fakes/smtp-client.ts';

/** Of the clients of the daemon; `BALANCER` is the one in smtp-proxy-hosts. */
const CLIENT = '127.0.0.1';
export const BALANCER = '127.0.0.7';
const NAME = 'mx.example.test';

export interface Ports {
  /** STARTTLS. */
  readonly clear: number;
  /** TLS from the first octet. */
  readonly secret: number;
}

export interface Arrival {
  readonly client: SmtpClient;
  /** What the policy has to see: address and whether there is TLS. */
  readonly address: string;
  readonly secret: boolean;
  /** Before the first EHLO: STARTTLS is to come. */
  readonly upgrade: boolean;
}

/** A header of version 1 or 2 for a client at `address`. */
function header(random: Seeded, address: string): Buffer {
  const kind = random.below(2);
  if (kind === 0) return Buffer.from(`PROXY TCP4 ${address} 192.0.2.25 40000 25\r\n`);
  const octets = (text: string): readonly number[] => text.split('.').map(Number);
  return Buffer.concat([
    Buffer.from('0d0a0d0a000d0a515549540a2111000c', 'hex'),
    Buffer.from([...octets(address), ...octets('192.0.2.25'), 0x9c, 0x40, 0, 25]),
  ]);
}

/** Resolves when the connection is made and everything in front of the session is sent. Rejects when TLS fails. */
export async function arrive(random: Seeded, ports: Ports, count: (what: string) => void): Promise<Arrival> {
  const way = random.below(100);
  const proxied = way >= 60 && way < 85;
  const secret = (way >= 45 && way < 60) || (way >= 75 && way < 85);
  const upgrade = !secret && ((way >= 25 && way < 45) || (way >= 70 && way < 75));
  const words = [proxied ? 'PROXY' : '', secret ? 'TLS' : upgrade ? 'STARTTLS' : ''].filter(
    (word) => word !== '',
  );
  count(`by ${words.join(' and ') || 'TCP'}`);
  const address = proxied ? `198.51.100.${1 + random.below(250)}` : CLIENT;
  const client = await SmtpClient.connect(secret ? ports.secret : ports.clear, proxied ? BALANCER : CLIENT);
  if (proxied) await inPieces(client, header(random, address), random);
  return { client: secret ? await secured(client, count) : client, address, secret, upgrade };
}

/** As balancers send it, or cut once. */
async function inPieces(client: SmtpClient, bytes: Buffer, random: Seeded): Promise<void> {
  const at = random.below(3) === 0 ? random.below(bytes.length) : bytes.length;
  client.write(bytes.subarray(0, at));
  if (at === bytes.length) return;
  await new Promise((resolve) => setTimeout(resolve, random.below(30)));
  client.write(bytes.subarray(at));
}

/** The same connection with TLS over it; every certificate that is met is counted. */
export async function secured({ socket }: SmtpClient, count: (what: string) => void): Promise<SmtpClient> {
  for (const event of ['data', 'end', 'close', 'error']) socket.removeAllListeners(event);
  const tls: TLSSocket = connectTls({ socket, servername: NAME, rejectUnauthorized: false });
  const client = new SmtpClient(tls);
  await once(tls, 'secureConnect');
  count(`${'asn1Curve' in tls.getPeerCertificate() ? 'ecdsa' : 'rsa'} certificate`);
  return client;
}
