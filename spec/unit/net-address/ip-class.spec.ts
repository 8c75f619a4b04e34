import { describe, expect, it } from 'vitest';
import { parseIp } from '../../../src/net-address/ip-address.ts';
import { classifyIp, ipClasses, ipClassSets } from '../../../src/net-address/ip-class.ts';

function namesOf(text: string): readonly string[] {
  const ip = parseIp(text);
  if (ip === undefined) throw new Error(`${text} is no address`);
  const bits = classifyIp(ip);
  return ipClasses.filter((each) => (bits & each.bit) !== 0).map((each) => each.name);
}
const v4 = ['V4_COMPATIBLE', 'V4_MAPPED'];

describe('classifyIp', () => {
  it.each([
    ['8.8.8.8', v4],
    ['10.0.0.1', ['PRIVATE_A', ...v4]],
    ['::ffff:10.0.0.1', ['PRIVATE_A', ...v4]],
    ['172.16.0.1', ['PRIVATE_B', ...v4]],
    ['192.168.0.1', ['PRIVATE_C', ...v4]],
    ['127.0.0.1', ['LOCALHOST', ...v4]],
    ['127.0.0.2', ['LOOPBACK', ...v4]],
    ['169.254.0.1', ['LINK_LOCAL', ...v4]],
    ['198.18.0.1', ['BENCHMARK', ...v4]],
    ['224.0.0.1', ['MULTICAST', ...v4]],
    ['192.0.2.1', ['TEST_NET', ...v4, 'DOCUMENTATION']],
    ['198.51.100.1', [...v4, 'DOCUMENTATION']],
    ['203.0.113.1', [...v4, 'DOCUMENTATION']],
    ['100.64.0.1', [...v4, 'SHARED']],
    ['192.0.0.8', [...v4, 'PROTOCOL']],
    ['192.88.99.1', [...v4, 'V6TO4_RELAY']],
    ['240.0.0.1', [...v4, 'CLASS_E']],
    ['255.255.255.255', [...v4, 'BROADCAST', 'CLASS_E']],
    ['2a00:1450::1', ['V6']],
    ['2001:db8::1', ['TEST_NET', 'V6', 'DOCUMENTATION']],
    ['3fff::1', ['V6', 'DOCUMENTATION']],
    ['3fff:1000::1', ['V6']],
    ['2001::1', ['V6', 'TEREDO']],
    ['2002::1', ['V6', 'V6TO4']],
    ['fc00::1', ['RESERVED', 'V6', 'ULA']],
    ['fd12::1', ['RESERVED', 'V6', 'ULA']],
    ['fe80::1', ['LINK_LOCAL', 'RESERVED', 'V6']],
    ['fec0::1', ['RESERVED', 'SITE_LOCAL', 'V6']],
    ['ff02::1', ['MULTICAST', 'RESERVED', 'V6']],
    ['64:ff9b::8.8.8.8', ['RESERVED', 'V6', 'NAT64']],
    ['64:ff9b:1::1', ['RESERVED', 'V6', 'NAT64']],
    ['100::1', ['RESERVED', 'V6', 'DISCARD']],
    ['2001:2::1', ['BENCHMARK', 'V6']],
    ['2001:2:1::1', ['V6']],
    ['2001:10::1', ['V6', 'ORCHID']],
    ['2001:2f:ffff::1', ['V6', 'ORCHID']],
    ['2001:30::1', ['V6']],
    ['100:0:0:1::1', ['RESERVED', 'V6', 'DISCARD']],
    ['5f00::1', ['RESERVED', 'V6']],
    ['::1', ['LOCALHOST', 'RESERVED', 'THIS_NET', 'V6']],
    ['::', ['RESERVED', 'THIS_HOST', 'THIS_NET', 'V6']],
  ])('%s is %j', (text, expected) => {
    expect(namesOf(text)).toEqual(expected);
  });

  it('NOT_GLOBAL is every network of the table that no mail server on the Internet is in', () => {
    const notGlobal = ipClassSets.find((each) => each.name === 'NOT_GLOBAL')?.bits ?? 0;
    const local = ipClasses.filter((each) => each.networks.length > 0 && (each.bit & notGlobal) === 0);
    expect(local.map((each) => each.name)).toEqual([]);
    for (const text of ['8.8.8.8', '2a00:1450::1', '2001:30::1', '192.88.98.1']) {
      const ip = parseIp(text);
      expect(ip !== undefined && (classifyIp(ip) & notGlobal) !== 0, text).toBe(false);
    }
  });

  it('has the combinations by the formulas of the API text', () => {
    const bits = Object.fromEntries([
      ...ipClasses.map((each) => [each.name, each.bit]),
      ...ipClassSets.map((each) => [each.name, each.bits]),
    ]) as Record<string, number>;
    const sum = (...names: readonly string[]) =>
      names.reduce((total, name) => total + (bits[name] ?? Number.NaN), 0);
    expect(bits.V4).toBe(sum('V4_COMPATIBLE', 'V4_MAPPED'));
    expect(bits.ANY).toBe(0xffff - sum('V4', 'V6'));
    expect(bits.TEST).toBe(sum('BENCHMARK', 'TEST_NET'));
    expect(bits.LOCAL).toBe(sum('THIS_HOST', 'LOCALHOST', 'LOOPBACK'));
    expect(bits.LAN).toBe(sum('PRIVATE_A', 'PRIVATE_B', 'PRIVATE_C', 'LINK_LOCAL', 'SITE_LOCAL'));
    expect(bits.RESTICTED).toBe(sum('TEST', 'LOCAL', 'LAN', 'MULTICAST', 'RESERVED'));
    expect(bits.RESTRICTED).toBe(bits.RESTICTED);
    expect(new Set(ipClasses.map((each) => each.bit)).size).toBe(ipClasses.length);
  });
});
