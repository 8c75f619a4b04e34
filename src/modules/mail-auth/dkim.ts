// Lua module `dkim`: the signatures of the message being received (doc/reference/dkim.md).
import type { Clock } from '../../base/clock.ts';
import { luaFunction } from '../../lua-api/function-spec.ts';
import { luaModule, type ModuleSpec } from '../../lua-api/module-spec.ts';
import type { LuaRecord } from '../../lua-api/value.ts';
import type { DkimResult, dkimCauses, dkimResults } from '../../mail-auth/dkim/result.ts';
import { defaultOversignedNames, defaultSignedNames } from '../../mail-auth/signed-names.ts';
import type { KeyFiles } from './key-files.ts';
import { signFunction } from './sign.ts';
import type { Verifiers } from './verifiers.ts';
import { wordTable } from './words.ts';

const resultTexts: Readonly<Record<(typeof dkimResults)[number], string>> = {
  pass: 'the signature is right',
  fail: 'headers or body are not what was signed',
  policy: 'right or not, we do not take it: too weak, expired, one too many',
  neutral: 'never given; a word of RFC 8601',
  temperror: 'the key could not be asked for; it may pass later',
  permerror: 'the signature or its key cannot be used',
};

const causeTexts: Readonly<Record<(typeof dkimCauses)[number], string>> = {
  ok: 'pass',
  bad_signature: 'fail: a header was changed, added or taken away, or somebody else signed',
  body_changed: 'fail: the body is not the one that was signed',
  no_key: 'permerror: there is no key of this name',
  key_revoked: 'permerror: the key was revoked',
  key_syntax: 'permerror: what is published is no key',
  key_mismatch: 'permerror: the key is not for this algorithm',
  key_not_for_mail: 'permerror: the key is for another service',
  key_strict: 'permerror: the key allows no subdomain in i=',
  syntax: 'permerror: the header is no signature',
  version: 'permerror: a version that is not 1',
  algorithm: 'permerror: an unknown algorithm',
  canonicalisation: 'permerror: an unknown canonicalisation',
  query: 'permerror: the key is not in DNS',
  from_not_signed: 'permerror: From is not signed',
  identity: 'permerror: i= is not in the domain that signed',
  length: 'permerror: l= is more than the body has',
  expired: 'policy: x= is past; permerror: x= is not after t=',
  weak_key: 'policy: an RSA key of fewer bits than `dkim-min-bits`, or of more than 8192',
  weak_algorithm: 'policy: rsa-sha1',
  dns: 'temperror',
  limit: 'policy: one signature too many, or a header that is too long',
};

function toLua(result: DkimResult): LuaRecord {
  const {
    result: word,
    cause,
    domain,
    selector,
    identity,
    algorithm,
    bits,
    testing,
    time,
    expires,
    b,
  } = result;
  const { unsignedBytes: unsigned_bytes, signedHeaders: signed_headers } = result;
  return {
    result: word,
    cause,
    domain,
    selector,
    identity,
    algorithm,
    bits,
    testing,
    unsigned_bytes,
    signed_headers,
    time,
    expires,
    b,
  };
}

export const createDkimModule = (verifiers: Verifiers, clock: Clock, keys: KeyFiles): ModuleSpec =>
  luaModule({
    name: 'dkim',
    text:
      'The DKIM signatures of the message being received (RFC 6376, 8301, 8463). A signature that passes says that the domain in it has sent the ' +
      'headers that it names and the body, not that the message is good, nor that the domain has to do with From. Whatever a stranger ' +
      'sent, nothing raises an error: what is wrong with a signature is its result.',
    tables: [
      wordTable('result', 'What is said of a signature (RFC 8601, 2.7.1).', resultTexts),
      wordTable('cause', 'Why.', causeTexts),
    ],
    functions: [
      signFunction(clock, keys),
      luaFunction({
        name: 'verify',
        params: [],
        results: [
          {
            name: 'signatures',
            type: 'dkim_signature[]',
            text: 'One entry for each DKIM-Signature, from the top.',
          },
        ],
        suspends: true,
        text:
          'Verifies the signatures of the message as it was received, whatever the policy, or a service, has made of it since. (Where no file ' +
          'of the policy has the word `dkim`, `dmarc` or `arc` in it the message is read for that when it is asked for first; once its file ' +
          'was written to that is an error.) To be asked first in `hook.dot`; asked again it gives ' +
          'the same, also in `hook.forward`. Earlier it raises an error; outside a transaction the table is empty. Keys are asked for all ' +
          'at once, within `dkim-timeout`. At most `dkim-max-signatures` are verified, over at most four different pairs of ' +
          'canonicalisation and length.',
        examples: [
          "function hook.dot()\n  for _, signature in ipairs(dkim.verify()) do\n    if signature.result == dkim.result.PASS and signature.unsigned_bytes == 0 then\n      syslog.info('signed by ' .. signature.domain)\n    end\n  end\nend",
        ],
        call: (context) => verifiers.dkim(context, (results) => results.map(toLua)) ?? [[]],
      }),
    ],
    records: [
      {
        name: 'dkim_sign',
        text: 'What `dkim.sign` takes.',
        fields: [
          { name: 'domain', type: 'string', text: 'd=: who signs' },
          {
            name: 'selector',
            type: 'string',
            text: 's=: the key is published at `SELECTOR._domainkey.DOMAIN`',
          },
          {
            name: 'key',
            type: 'string',
            text: 'the path of a PEM file (kept; read again when it changed, looked at once a second), or the PEM text',
          },
          {
            name: 'headers',
            type: 'string[]?',
            text: `names of the headers that are signed, all there are of each; \`List-*\` is every name that begins so, \`From\` is always in; nil: ${defaultSignedNames.join(', ')}`,
          },
          {
            name: 'oversign',
            type: 'string[]?',
            text: `names that are named once more than they occur, so that none can be added; nil: ${defaultOversignedNames.join(', ')}`,
          },
          { name: 'canonicalization', type: 'string?', text: 'of headers and body; nil: `relaxed/relaxed`' },
          { name: 'identity', type: 'string?', text: 'i=: an address in the domain, or below it' },
          { name: 'expire', type: 'integer?', text: 'seconds that the signature holds; nil: for ever' },
        ],
      },
      {
        name: 'dkim_signature',
        text: 'An entry of what `dkim.verify` gives. What the header does not say is nil.',
        fields: [
          { name: 'result', type: 'dkim.result', text: 'one of `dkim.result`' },
          { name: 'cause', type: 'dkim.cause', text: 'one of `dkim.cause`' },
          { name: 'domain', type: 'string?', text: 'd=, lower case: who signed' },
          { name: 'selector', type: 'string?', text: 's=' },
          { name: 'identity', type: 'string?', text: 'i=; `@` and the domain when it is absent' },
          { name: 'algorithm', type: 'string?', text: 'a=, as it stands: `rsa-sha256`' },
          { name: 'bits', type: 'integer?', text: 'of the key; 256 for ed25519' },
          { name: 'testing', type: 'boolean', text: 't=y of the key: the domain is trying out' },
          {
            name: 'unsigned_bytes',
            type: 'integer',
            text: 'octets of the body behind l=, which anybody may have written; 0 without l=',
          },
          { name: 'signed_headers', type: 'string[]', text: 'the names in h=, lower case' },
          { name: 'time', type: 'integer?', text: 't=, seconds since 1970' },
          { name: 'expires', type: 'integer?', text: 'x=' },
          { name: 'b', type: 'string', text: 'the first 8 characters of b=' },
        ],
      },
    ],
  });
