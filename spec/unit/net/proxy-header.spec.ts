// Headers of the PROXY protocol that we write: octet for octet, and as our own reader reads them.
import { describe, expect, it } from 'vitest';
import type { ProxyAddresses } from '../../../src/net/proxy-facts.ts';
import { proxyHeader } from '../../../src/net/proxy-header.ts';
import { ProxyReader } from '../../../src/net/proxy-protocol.ts';

const addresses = (source: string, destination: string): ProxyAddresses => ({
  ...{ source, sourcePort: 56_324, destination, destinationPort: 25 },
});

describe('proxyHeader', () => {
  it.each([
    ['192.0.2.1', '198.51.100.2', 'PROXY TCP4 192.0.2.1 198.51.100.2 56324 25\r\n'],
    ['2001:db8::1', '2001:db8::2', 'PROXY TCP6 2001:db8::1 2001:db8::2 56324 25\r\n'],
    ['192.0.2.1', '2001:db8::2', 'PROXY TCP6 ::ffff:c000:201 2001:db8::2 56324 25\r\n'],
  ])('%s to %s', (source, destination, line) => {
    expect(String(proxyHeader('v1', addresses(source, destination)))).toBe(line);
    for (const version of ['v1', 'v2'] as const) {
      const header = proxyHeader(version, addresses(source, destination));
      expect(new ProxyReader().push(header)).toMatchObject({
        kind: 'header',
        header: { addresses: addresses(source, destination) },
        rest: Buffer.alloc(0),
      });
    }
  });

  it('version 2 is octet for octet what the specification has', () => {
    expect(proxyHeader('v2', addresses('192.0.2.1', '198.51.100.2')).toString('hex')).toBe(
      '0d0a0d0a000d0a515549540a' + '21' + '11' + '000c' + 'c0000201' + 'c6336402' + 'dc04' + '0019',
    );
  });

  it.each([undefined, addresses('', '192.0.2.1'), addresses('unix', '192.0.2.1')])(
    'names nobody without addresses (%j)',
    (none) => {
      expect(String(proxyHeader('v1', none))).toBe('PROXY UNKNOWN\r\n');
      expect(new ProxyReader().push(proxyHeader('v2', none))).toMatchObject({
        kind: 'header',
        header: { addresses: undefined, check: true },
      });
    },
  );
});
