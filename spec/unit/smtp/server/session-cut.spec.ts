// A session that is ended by us, at every moment: it hears why where it can hear anything, and its end is told for the reason for which it was
// ended, whatever that broke off, and whether or not it had been asked before to leave when it is done.
import { duplexPair } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../src/bench/ports/clock.ts';
import { InboundTls } from '../../../../src/net/inbound-tls.ts';
import { peerAt } from '../../../fakes/peer.ts';
import { SmtpRig } from '../../../fakes/smtp-rig.ts';
import { mxEc } from '../../../fakes/tls-certificates.ts';
import { helloOf, materialOf, StartTlsClient, tlsOption } from '../../../fakes/tls-rig.ts';

const turns = async (n = 20): Promise<void> => {
  for (let i = 0; i < n; i++) await new Promise((resolve) => setImmediate(resolve));
};

interface Met {
  readonly rig: SmtpRig;
  readonly client: StartTlsClient;
  readonly clock: FakeClock;
}

/** Who ends it, and what is told of that. */
const ways = {
  'limit-session-time': {
    end: ({ clock }: Met) => clock.advance(100_000),
    reply: '421 4.4.2 mx.example session longer than 100 s\r\n',
    told: { end: 'limit-session-time: 100 s', close: 2, reason: 'timeout' },
  },
  'the end of the service': {
    end: ({ rig }: Met) => rig.server.stopSessions(30),
    reply: '421 4.3.2 mx.example shutting down\r\n',
    told: { end: 'shutdown of the service', close: 0, reason: 'shutdown' },
  },
  'the end of the server': {
    end: ({ rig }: Met) => void rig.server.close(0),
    reply: '421 4.3.2 mx.example shutting down\r\n',
    told: { end: 'shutdown-timeout', close: 0, reason: 'shutdown' },
  },
  'an order': {
    end: ({ rig }: Met) => {
      for (const session of rig.server.all) session.close();
    },
    reply: '421 4.3.2 mx.example closing connection\r\n',
    told: { end: 'closed by order', close: 0, reason: 'shutdown' },
  },
} as const;

/** Where the session stands then, each within what lets it stay when it is asked to leave. */
const moments = {
  'in a command': async ({ client }: Met) => {
    await client.commands('EHLO c', 'MAIL FROM:<a@b.cc>');
    client.send('NOOP\r\n');
  },
  'between commands of a transaction': async ({ client }: Met) => {
    await client.commands('EHLO c', 'MAIL FROM:<a@b.cc>');
  },
  'in content': async ({ client }: Met) => {
    await client.commands('EHLO c', 'MAIL FROM:<a@b.cc>', 'RCPT TO:<c@d.ee>', 'DATA');
    client.send('half a message\r\n');
  },
  'in AUTH': async ({ client }: Met) => {
    await client.commands('EHLO c', 'AUTH LOGIN');
  },
  'before the handshake behind STARTTLS': async ({ client }: Met) => {
    await client.commands('EHLO c', 'STARTTLS');
  },
  'in the handshake behind STARTTLS': async ({ client }: Met) => {
    await client.commands('EHLO c', 'STARTTLS');
    client.send((await helloOf({})).subarray(0, 50));
  },
} as const;

async function meet(): Promise<Met & { readonly over: Promise<void>; readonly reasons: string[] }> {
  const clock = new FakeClock();
  const rig = new SmtpRig({
    clock,
    options: { 'smtp-tls': tlsOption('mxEc'), 'limit-session-time': '100', 'smtp-tls-auth-only': '-' },
    hooks: {
      noop: () => new Promise(() => undefined),
      auth: () => undefined,
      error: () => undefined,
      close: () => undefined,
    },
    deps: { tls: new InboundTls(materialOf({ mxEc })) },
  });
  const reasons: string[] = [];
  rig.log.bus.on('session-over', ({ reason }) => void reasons.push(reason));
  const [ours, theirs] = duplexPair({ allowHalfOpen: true });
  theirs.on('close', () => setImmediate(() => ours.destroy()));
  ours.on('close', () => setImmediate(() => theirs.destroy()));
  const client = new StartTlsClient(ours);
  const over = rig.serveAt(theirs, peerAt('192.0.2.1'), []);
  expect(await client.reply()).toMatch(/^220 /);
  return { rig, client, clock, over, reasons };
}

describe.each(Object.entries(moments))('a session %s', (moment, come) => {
  describe.each([
    ['', false],
    [', that was asked before to leave when it is done,', true],
  ])('%s', (_, asked) => {
    it.each(Object.entries(ways))('is ended by %s', async (_name, { end, reply, told }) => {
      const met = await meet();
      const { client, clock, over, reasons, rig } = met;
      await come(met);
      await turns();
      if (asked) void rig.server.close(1000);
      await turns();
      client.received = '';
      end(met);
      const said = await client.rest();
      client.raw.destroy();
      await over;
      expect(said).toBe(moment.endsWith('STARTTLS') ? '' : reply);
      const { close, reason, end: cause } = told;
      const ended = rig.log.lines.filter(({ message }) => message === 'session').map(({ fields }) => fields);
      expect(ended).toMatchObject([{ end: cause, close }]);
      expect(reasons).toEqual([reason]);
      expect(rig.instance.calls.at(-1)).toEqual(['close', close]);
      expect([rig.counters.sessions, rig.server.sessions]).toEqual([0, 0]);
      clock.advance(1_000_000);
      await turns();
      expect(clock.pending).toBe(0);
    });
  });
});
