// Addresses as text: RFC 5952 (compact), eight groups, or eight groups of four digits. Behind net.format_ip and dns AAAA values.
import { holdsIpv4, type IpAddress } from './ip-address.ts';

export type IpStyle = 'compact' | 'groups' | 'padded';

function groupsOf(octets: Uint8Array): number[] {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((octets[i] ?? 0) << 8) | (octets[i + 1] ?? 0));
  return groups;
}

/** RFC 5952 section 4: lower case, no leading zeros, the longest run of at least two zero groups (the first of equals) is `::`. */
function compactGroups(groups: readonly number[]): string {
  let best = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && groups[i + length] === 0) length++;
    if (length > bestLength) {
      best = i;
      bestLength = length;
    }
    i += length;
  }
  const hex = groups.map((group) => group.toString(16));
  if (best < 0) return hex.join(':');
  return `${hex.slice(0, best).join(':')}::${hex.slice(best + bestLength).join(':')}`;
}

/** RFC 5952, but without the dotted form for any address. */
export function formatIpv6(octets: Uint8Array): string {
  return compactGroups(groupsOf(octets));
}

/** An IPv4 address in any notation is `a.b.c.d` in every style. */
export function formatIp(ip: IpAddress, style: IpStyle): string {
  if (ip.notation === 'ipv4' || holdsIpv4(ip.octets)) return ip.octets.subarray(12).join('.');
  const groups = groupsOf(ip.octets);
  switch (style) {
    case 'compact':
      return compactGroups(groups);
    case 'groups':
      return groups.map((group) => group.toString(16)).join(':');
    case 'padded':
      return groups.map((group) => group.toString(16).padStart(4, '0')).join(':');
  }
}
