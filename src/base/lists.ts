// The items of a list in a text, as options, VERB and the Lua modules take it.

/** Cut at blanks, commas and semicolons; no item is empty. */
export function splitList(text: string): readonly string[] {
  return text.split(/[\s,;]+/).filter((item) => item !== '');
}
