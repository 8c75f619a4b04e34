// The names of all functions that policies are given: those of Lua's libraries, and those of the API.
import type { ModuleSpec } from '../../lua-api/module-spec.ts';

/** Functions of Lua 5.1 and 5.4, and the methods of files. */
const standard = `
  assert collectgarbage dofile error gcinfo getfenv getmetatable ipairs load loadfile loadstring module newproxy next pairs pcall print
  rawequal rawget rawlen rawset require select setfenv setmetatable tonumber tostring type unpack xpcall
  byte char dump find format gfind gmatch gsub len lower match rep reverse sub upper pack packsize
  concat insert move remove sort foreach foreachi getn setn maxn
  abs acos asin atan atan2 ceil cos cosh deg exp floor fmod frexp ldexp log log10 max min mod modf pow rad random randomseed sin sinh
  sqrt tan tanh tointeger ult
  clock date difftime execute exit getenv rename remove setlocale time tmpname
  close flush input lines open output popen read tmpfile write seek setvbuf
  create resume status wrap yield running isyieldable
  codepoint codes len offset
  traceback getinfo getlocal getupvalue setupvalue upvalueid sethook gethook getregistry setlocal upvaluejoin
  searchpath seeall loadlib`;

function add(names: Set<string>, module: ModuleSpec): void {
  for (const { name } of module.functions) names.add(name);
  for (const { methods } of module.classes) for (const { name } of methods) names.add(name);
  for (const inner of module.modules) add(names, inner);
}

export interface LibraryNames {
  /** Whatever library they are in, methods too. */
  readonly functions: ReadonlySet<string>;
  /** The globals that are tables of functions. */
  readonly libraries: ReadonlySet<string>;
}

export function libraryNames(modules: readonly ModuleSpec[]): LibraryNames {
  const functions = new Set(standard.split(/\s+/).filter((name) => name !== ''));
  for (const module of modules) add(functions, module);
  const libraries = ['string', 'table', 'math', 'os', 'io', 'coroutine', 'utf8', 'debug', 'package'];
  return { functions, libraries: new Set([...libraries, ...modules.map(({ name }) => name)]) };
}
