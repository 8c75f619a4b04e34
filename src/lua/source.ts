// What others may know of the text of scripts: its tokens, and the files that a revision of a script is made of.
export { withoutFirstLineComment } from './run/chunks.ts';
export { type Token, tokensOf } from './run/lua51-source.ts';
export { absolutePath, latin1Of, noScriptTexts } from './run/script-files.ts';
