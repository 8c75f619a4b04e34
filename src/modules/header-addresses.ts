// header.addresses: who stands in From, To and the like. The grammar is text/address-list, which auth.author goes by too.
import { lowerAscii } from '../base/ascii.ts';
import { type FunctionSpec, luaFunction } from '../lua-api/function-spec.ts';
import type { RecordSpec } from '../lua-api/module-spec.ts';
import { optionalBytes } from '../lua-api/params.ts';
import type { LuaRecord } from '../lua-api/value.ts';
import { isDomainName } from '../mail-auth/domain-name.ts';
import { shownText } from '../message/mime/shown-text.ts';
import { domainInAscii } from '../net-address/idn.ts';
import { type Mailbox, readAddressList, unquoted } from '../text/address-list.ts';
import { isVisibleText } from '../text/utf8.ts';

/** More is nobody's list: it is not read. */
const longest = 262_144;
const most = 5000;

const DOT_ATOM = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\xff-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\xff-]+)*$/;

/** Quoted only where it must be: two ways to write one address are one. */
function written(local: string): string {
  return DOT_ATOM.test(local) ? local : `"${local.replace(/["\\]/g, '\\$&')}"`;
}

/** The first one that readers would not agree about, for what is beyond ASCII in it or because its domain is none. */
function faultOf(mailboxes: readonly Mailbox[]): string | undefined {
  for (const [index, { domain, localPart }] of mailboxes.entries()) {
    if (!isVisibleText(localPart))
      return `the local part of address ${index + 1} is no UTF-8, or not all of it can be seen`;
    if (!domain.startsWith('[') && !isDomainName(domainInAscii(domain) ?? ''))
      return `the domain of address ${index + 1} is no domain name`;
  }
  return undefined;
}

function mailboxRecord({ domain, group, localPart, name }: Mailbox): LuaRecord {
  const local = unquoted(localPart);
  const lower = domain.startsWith('[') ? domain : lowerAscii(domain);
  return {
    address: `${written(local)}@${lower}`,
    local,
    domain: lower,
    name: name === undefined ? undefined : shownText(name),
    group: group === undefined ? undefined : shownText(group),
  };
}

const addresses = luaFunction({
  name: 'addresses',
  params: [optionalBytes('value', 'A value as `header.find` gives it; nil is an empty one.', '')],
  results: [
    {
      name: 'list',
      type: 'header_address[]?',
      text: 'All addresses in their order, those of groups too; empty when there are none; nil when the value is no list of addresses.',
    },
    { name: 'error', type: 'string?', text: 'Why it is none.' },
  ],
  text:
    'The addresses in a From, To, Cc, Reply-To or Sender header (RFC 5322 section 3.4), by the grammar that `auth.author` goes by: groups, comments, quoted local parts, ' +
    'source routes (left out), domain literals and UTF-8 are read. Encoded words are decoded when all has been taken apart, so what one hides is part of a name and never an address. What is no list of addresses has none, as ' +
    'every mail program finds another one in it: a bare word, a missing `>`, an address in front of `<`, an unquoted comma in a name, blanks or an encoded word in an address, a domain that is no name, ' +
    'characters in an address that are not seen or that IDNA makes others of. Needless dots (`a..b@`, and one behind the domain, which is left out) are let through as `smtp-lenient` does. A comment is no name. There may be several addresses where one is expected: look at `#list`. ' +
    `A value of more than ${longest} octets or ${most} addresses is not read: nil and an error. Time linear in the value. Does not suspend.`,
  examples: [
    'local list = header.addresses(\'"Doe, J." <J.Doe@Example.COM>, =?utf-8?q?x=40y=2Eexample?= <z@example.com>\')\n' +
      "assert(#list == 2 and list[1].name == 'Doe, J.' and list[1]['local'] == 'J.Doe')\n" +
      "assert(list[1].address == 'J.Doe@example.com' and list[1].domain == 'example.com')\n" +
      "assert(list[2].name == 'x@y.example' and list[2].address == 'z@example.com')\n" +
      "local none, cause = header.addresses('a@example.com <b@example.org>')\nassert(none == nil and cause)",
    "function hook.eoh()\n  local _, value = header.find('From')\n  local list = header.addresses(value)\n" +
      "  if header.count('From') ~= 1 or list == nil or #list ~= 1 then return '550 5.7.1 From: one address, please' end\n" +
      "  local shown = list[1].name or ''\n" +
      "  if shown:find('@', 1, true) and not shown:find(list[1].address, 1, true) then\n    return '550 5.7.1 the name in From is another address'\n  end\nend",
  ],
  call: (_context, value) => {
    if (value.length > longest) return [undefined, `more than ${longest} octets`];
    const read = readAddressList(value, most);
    switch (read.kind) {
      case 'list': {
        const fault = faultOf(read.mailboxes);
        return fault === undefined
          ? [read.mailboxes.map(mailboxRecord)]
          : [undefined, `no list of addresses: ${fault}`];
      }
      case 'wrong':
        return [undefined, `no list of addresses: expected ${read.expected} behind ${read.at} octets`];
      case 'too-many':
        return [undefined, `more than ${most} addresses`];
    }
  },
});

export const addressFunctions: readonly FunctionSpec[] = [addresses];

export const addressRecords: readonly RecordSpec[] = [
  {
    name: 'header_address',
    text: 'One of what `header.addresses` gives.',
    fields: [
      {
        name: 'address',
        type: 'string',
        text: 'local part, `@`, domain; the local part in quotes only where it has to be, the domain as below',
      },
      {
        name: 'local',
        type: 'string',
        text: 'the local part without quotes, upper and lower case as written; a word of Lua, so write `entry["local"]`',
      },
      {
        name: 'domain',
        type: 'string',
        text: 'the domain, ASCII letters in lower case, UTF-8 as written (`net.to_ascii` makes A-labels of it); a literal with its brackets',
      },
      {
        name: 'name',
        type: 'string?',
        text: 'the name that is shown, decoded as `header.decode` does, in quotes too; nil when there is none',
      },
      { name: 'group', type: 'string?', text: 'the name of the group that it is in, likewise' },
    ],
  },
];
