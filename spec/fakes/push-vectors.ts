/** UTF-8 text as the octets in latin1 that Lua sees. */
export const octets = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
