// What `smtpe check` says that a policy reads and asks, as far as its text says so.
import { expect, it } from 'vitest';
import { reachOf } from '../../../../src/policy/lint/reach.ts';

it.each([
  ["map.open 'a.txt'", ['a.txt'], false],
  ["io.open('read.txt')", ['read.txt'], false],
  ["io.open('written.txt', 'w')", [], false],
  ["dns.query(dns.class.IN, dns.type.A, 'a.example')", [], true],
  [
    "local dnsbl = require 'smtpe.dnsbl' dnsbl.check { ip = client.address, lists = { 'l.example' } }",
    [],
    true,
  ],
  ['dkim.verify()', [], true],
  ["dkim.sign { domain = 'a.example', selector = 's', key = 'k' }", [], false],
])('%s', (text, reads, dns) => {
  expect(reachOf([{ name: 'policy.lua', text }])).toEqual({ reads, asks: [], dns });
});
