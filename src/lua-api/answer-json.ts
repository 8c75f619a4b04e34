// An answer that a policy gets, as JSON for a recording: octets are what they are, whatever they mean.
import { ByteSlice, LuaFunction, LuaObject } from './value.ts';

/** Octets as `{ "octets": base64 }`; what is no data (a function, an object of a class) is left out. */
export function answerJson(answer: object): string {
  return JSON.stringify(answer, function (this: unknown, key: string, given: unknown) {
    // JSON has made an object of a Buffer by now.
    const value = Reflect.get(this as object, key) as unknown;
    if (Buffer.isBuffer(value)) return { octets: value.toString('base64') };
    if (value instanceof ByteSlice)
      return { octets: value.bytes.subarray(value.start, value.end).toString('base64') };
    if (value instanceof LuaObject || value instanceof LuaFunction) return undefined;
    if (value instanceof Map) return Object.fromEntries(value);
    return given;
  });
}
