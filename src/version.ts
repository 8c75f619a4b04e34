// What this program is called in banners, in +version and in the Lua module smtpe. A test compares it with package.json.

export const programName = 'smtpe';
export const version = '0.1.0';
/** Version of the original's API (doc/differences.md) that policies are written against. */
export const apiVersion = '0.1';
export const copyright = 'Copyright 2026 the smtpe authors. MIT license.';
