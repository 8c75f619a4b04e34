// etc/examples/sender-checks.lua with NSD as its name server.
import { afterAll, beforeAll } from 'vitest';
import { senderChecks, senderChecksZone } from '../fakes/sender-checks.ts';
import { type NameServer, startNsd } from './name-servers.ts';
import { describeWith } from './needs.ts';

/** Texts in strings of at most 255 octets, as a zone file wants them. */
const zoneFile = [
  '$ORIGIN test.',
  '$TTL 300',
  '@ SOA ns.test. root.test. 1 3600 600 86400 60',
  '@ NS ns.test.',
  'ns A 127.0.0.1',
  ...senderChecksZone.map((line) => {
    const [, name = '', text = ''] = /^(\S+) TXT 300 (.*)$/.exec(line) ?? [];
    return `${name}. TXT ${(text.match(/.{1,250}/g) ?? []).map((part) => `"${part}"`).join(' ')}`;
  }),
  '',
].join('\n');

describeWith(['nsd'], 'etc/examples/sender-checks.lua beside NSD', () => {
  let server: NameServer;
  beforeAll(async () => {
    server = await startNsd({ 'test.': zoneFile });
  });
  afterAll(() => server.stop());
  senderChecks(() => server.address);
});
