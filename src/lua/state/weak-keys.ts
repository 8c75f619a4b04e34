// Tables with weak keys are tables like others here: `k` in __mode is not looked for. Lua's collector goes through all of them again and
// again in one piece until nothing changes, seconds for ten thousands that lead to one another, and no policy can be stopped in there.
// Weak values cost no more than other tables and stay. Changes the code of the pinned wasmoon before it is compiled; the self-test looks
// whether it did.

/** `strchr(mode, 'k')`: i32.const 107, call. The number of strchr follows, in two bytes. */
const asksForK = Buffer.from([0x41, 0xeb, 0x00, 0x10]);
/** drop, i32.const 0, and nothing for the rest of the call: there was no k. */
const finds = Uint8Array.of(0x1a, 0x41, 0x00, 0x01, 0x01, 0x01);

/** Lua's module with that one place changed; as it is when the place is not there, or not the only one. */
export function withoutWeakKeys(module: unknown): unknown {
  if (!(module instanceof Uint8Array)) return module;
  const code = Buffer.from(module);
  const at = code.indexOf(asksForK);
  if (at < 0 || code.indexOf(asksForK, at + 1) >= 0) return module;
  code.set(finds, at);
  return code;
}
