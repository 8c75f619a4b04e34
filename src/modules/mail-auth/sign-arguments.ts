// The table that dkim.sign takes, read and checked: what an author wrote wrongly raises an error that says what is right.
import { LuaError } from '../../lua-api/function-spec.ts';
import type { LuaValue } from '../../lua-api/value.ts';
import type { Canonicalization } from '../../mail-auth/canonical-header.ts';
import { requestFault, type SignRequest } from '../../mail-auth/dkim/sign.ts';
import { defaultOversignedNames, defaultSignedNames } from '../../mail-auth/signed-names.ts';
import { SignTable } from './sign-table.ts';

const fields = [
  ...['domain', 'selector', 'key', 'headers', 'oversign', 'canonicalization', 'identity', 'expire'],
] as const;

export type SignArguments = Omit<SignRequest, 'key'> & { readonly key: string };

export function signArguments(value: LuaValue): SignArguments {
  const given = new SignTable('dkim.sign', fields, value);
  const expire = given.get('expire');
  if (expire !== undefined && typeof expire !== 'number') throw new LuaError('expire has to be a number');
  const [header, body] = forms(given.text('canonicalization') ?? 'relaxed/relaxed');
  const request = {
    domain: given.needed('domain'),
    selector: given.needed('selector'),
    key: given.needed('key'),
    headers: given.names('headers', defaultSignedNames),
    oversign: given.names('oversign', defaultOversignedNames),
    header,
    body,
    identity: given.text('identity'),
    expire,
  };
  const fault = requestFault(request);
  if (fault !== undefined) throw new LuaError(`dkim.sign: ${fault}`);
  return request;
}

function forms(text: string): readonly [Canonicalization, Canonicalization] {
  const match = /^(simple|relaxed)\/(simple|relaxed)$/.exec(text);
  if (match === null)
    throw new LuaError(
      'canonicalization is one of relaxed/relaxed, relaxed/simple, simple/relaxed, simple/simple',
    );
  return [match[1] as Canonicalization, match[2] as Canonicalization];
}
