// Which names a client may have: those of reverse DNS and of XCLIENT go through this one rule, so that what a policy sees in client.host and
// client.confirmed_host is a name of a host and never something that looks like an address or like this machine.
import { isHostName } from '../net-address/host-list.ts';

/** What a name is that names no stranger: this machine (RFC 6761 section 6.3, and what hosts files call it), or a number (0x7f000001). */
const NO_NAME = /^(?:(?:ip6-)?(?:localhost|localdomain|loopback)\d*|\d+|0x[\da-f]*)$/;

/** The name in lower case without its final dot; undefined when it is none that a client may have. */
export function clientName(text: string): string | undefined {
  const name = text.toLowerCase().replace(/\.$/, '');
  return isHostName(name) && !NO_NAME.test(name.slice(name.lastIndexOf('.') + 1)) ? name : undefined;
}
