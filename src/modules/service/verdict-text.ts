// What a service has found, in a few words for whoever follows a session: never its headers or its content.
import type { LuaRecord, LuaValue } from '../../lua-api/value.ts';

const text = (value: LuaValue): string => String(value ?? '?');

/** By the fields of a result of service.wait. */
export function verdictText({
  error,
  fields = {},
}: {
  readonly error: string | undefined;
  readonly fields: LuaRecord | undefined;
}): string {
  if (error !== undefined) return `error: ${error}`;
  const { action, is_infected: infected, is_spam: spam, rcode, required_score, score, signature } = fields;
  if (infected !== undefined) return infected === true ? `FOUND ${text(signature)}` : 'clean';
  if (action !== undefined) return `${text(action)} ${text(score)}/${text(required_score)}`;
  if (spam !== undefined)
    return `${spam === true ? 'spam' : 'no spam'} ${text(score)}/${text(fields.threshold)}`;
  return rcode === undefined ? '' : text(rcode);
}
