// What the Lua table `client` shows of the parameters of MAIL and RCPT (RFC 5321 section 4.1.1.11): as they were sent, and decoded what has a
// code of its own. What was dropped (protocol/lenience) is not among them. From when to when: session-facts.
import type { LuaRecord } from '../../lua-api/value.ts';
import { words } from '../protocol/blanks.ts';
import { decodeEnvid, decodeOrcpt } from '../protocol/dsn.ts';
import type { RcptParameters } from '../protocol/parameters.ts';
import type { Transaction } from './transaction.ts';

/** At `hook.mail`. */
export function mailFields({ id, parameters, sent }: Transaction): LuaRecord {
  const fields: Record<string, string | boolean | LuaRecord> = {
    id_trans: id,
    parameters: sentValues(sent, parameters),
  };
  if (sent === '') return fields;
  const { ENVID, RET, SMTPUTF8 } = parameters;
  if (SMTPUTF8 === true) fields.smtputf8 = true;
  if (RET !== undefined) fields.ret = RET;
  if (ENVID !== undefined) fields.envid = decodeEnvid(ENVID);
  return fields;
}

/** At `hook.rcpt`. */
export function rcptFields(parameters: RcptParameters, sent: string): LuaRecord {
  const fields: Record<string, string | LuaRecord> = { rcpt_parameters: sentValues(sent, parameters) };
  if (sent === '') return fields;
  const { NOTIFY, ORCPT } = parameters;
  if (NOTIFY !== undefined) fields.notify = NOTIFY;
  if (ORCPT !== undefined) {
    const { address, type } = decodeOrcpt(ORCPT);
    fields.orcpt = `${type};${address}`;
  }
  return fields;
}

/** By keyword in capitals: what stood behind `=`; true where nothing did. */
function sentValues(sent: string, taken: Readonly<Record<string, unknown>>): LuaRecord {
  const values: Record<string, string | true> = {};
  if (sent === '') return values;
  for (const word of words(sent)) {
    const at = word.indexOf('=');
    const keyword = (at < 0 ? word : word.slice(0, at)).toUpperCase();
    if (Object.hasOwn(taken, keyword)) values[keyword] = at < 0 ? true : word.slice(at + 1);
  }
  return values;
}
