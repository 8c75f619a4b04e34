// Lua module text: wildcard matching, natural order, splitting. The work is done in src/text.
import { LuaError, luaFunction } from '../lua-api/function-spec.ts';
import { luaModule, type ModuleSpec } from '../lua-api/module-spec.ts';
import { bytes, optionalBytes, optionalFlag } from '../lua-api/params.ts';
import { decodeXtext, encodeXtext, isXtext } from '../smtp/protocol/xtext.ts';
import { findPattern } from '../text/find.ts';
import { compareNatural } from '../text/natural-order.ts';
import { MAX_CLASS_SEGMENT } from '../text/segment-search.ts';
import { splitText } from '../text/split.ts';

const caseless = optionalFlag('caseless', 'true: ASCII letters match in upper and lower case', false);

const find = luaFunction({
  name: 'find',
  params: [
    optionalBytes('haystack', 'the text to look into', undefined),
    optionalBytes('needle', 'the pattern', undefined),
    caseless,
  ],
  results: [
    {
      name: 'offset',
      type: 'integer',
      text: 'where the match begins, from 1, a leading `*` not counted; 0 when there is no match or an argument is nil',
    },
  ],
  text: `Matches a text with a pattern. The whole text has to match: a pattern is anchored at both ends unless it begins or ends with \`*\`.

| in a pattern | matches |
| --- | --- |
| \`*\` | any run of octets, also none |
| \`?\` | one octet |
| blank | one white-space octet (blank, tab, LF, VT, FF, CR) |
| \`[abc]\` \`[a-z]\` | one octet of the class; a range goes by octet values |
| \`[^abc]\` \`[!abc]\` | one octet that is not in the class |
| \`\\X\` | the octet X and nothing else, in its own case even when \`caseless\` |
| anything else | itself |

In a class \`]\` right at the start (behind \`^\`) and then \`-\` stand for themselves, and so does \`-\` right before the closing \`]\`; \`\\X\` is X,
but a \`\\\` does not protect the closing \`]\`. A class that is not closed matches nothing. A \`\\\` that ends the pattern is a \`\\\`. The empty
pattern matches the empty text only.

Text and pattern may hold any octets, NUL too. The time is linear in the text. It is an error when there are more than
${MAX_CLASS_SEGMENT} octets between two \`*\` and one of them is \`?\`, a blank, a class, or a letter without regard to case. Does not suspend.`,
  examples: [
    `assert(text.find("abc", "abc") == 1)
assert(text.find("abcd", "abc") == 0)
assert(text.find("abcd", "abc*") == 1)
assert(text.find("xxabcyydefzz", "*abc*def*") == 3)
assert(text.find("a]c", "a[]]c") == 1)
assert(text.find("Subject: free", "subject:*", true) == 1)`,
    `-- a name with a number in its first label
assert(text.find("dsl-17.example.net", "*[0-9]*.example.net") == 5)`,
  ],
  call: (_, haystack, needle, foldCase) => {
    if (haystack === undefined || needle === undefined) return [0];
    const outcome = findPattern(haystack, needle, foldCase);
    switch (outcome.kind) {
      case 'found':
        return [outcome.offset + 1];
      case 'not-found':
        return [0];
      case 'too-long':
        throw new LuaError(
          `bad argument #2 to 'text.find' (at most ${MAX_CLASS_SEGMENT} octets between two '*' when there are classes, got ${outcome.length})`,
        );
    }
  },
});

const natcmp = luaFunction({
  name: 'natcmp',
  params: [
    optionalBytes('s1', 'a text, or nil', undefined),
    optionalBytes('s2', 'a text, or nil', undefined),
    caseless,
  ],
  results: [{ name: 'diff', type: 'integer', text: '-1, 0 or 1: s1 comes before, with or behind s2' }],
  text:
    'Compares in natural order: digits as numbers (`a2` before `a10`), runs of digits that begin with 0 as fractions (`1.05` before ' +
    '`1.5`), other octets by value; white space does not count. nil is equal to nil and comes behind everything else, so that it sorts to ' +
    'the end of an array. A total order: it can be used to sort. Time linear in the texts. Does not suspend.',
  examples: [
    `assert(text.natcmp("pic2", "pic10") == -1)
assert(text.natcmp("A", "a") == -1)
assert(text.natcmp("A", "a", true) == 0)
assert(text.natcmp(nil, "zzz") == 1)`,
    `local names = { "mx10", "mx9", "mx1" }
table.sort(names, function(a, b) return text.natcmp(a, b) < 0 end)
assert(table.concat(names, " ") == "mx1 mx9 mx10")`,
  ],
  call: (_, s1, s2, foldCase) => {
    if (s1 === undefined || s2 === undefined) return [Number(s1 === undefined) - Number(s2 === undefined)];
    return [compareNatural(s1, s2, foldCase)];
  },
});

const split = luaFunction({
  name: 'split',
  params: [
    optionalBytes('string', 'the list', undefined),
    optionalBytes('delims', 'each octet is a delimiter; "" (or `\\0`) for none', ' \t'),
  ],
  results: [{ name: 'array', type: 'string[]?', text: 'the items; nil when the string is nil' }],
  text: `Splits a list at delimiters. Runs of delimiters act as one, and those at the ends make no item, so that an empty item comes only from
an empty pair of quotes. An empty string gives an empty array.

\`'\` and \`"\` quote, also in the middle of an item: what is between a pair is taken as it is (the other kind of quote too) and the quotes are
removed. A quote without a partner stands for itself (\`it's\`). \`\\a \\b \\e \\f \\n \\r \\s \\t \\v\` give BEL, BS, ESC, FF, LF, CR, blank, tab and
VT, and a \`\\\` before any other octet that octet, a delimiter or quote as well; inside quotes too. A \`\\\` at the end stands for itself. A quote
or \`\\\` that is among the delimiters is only a delimiter. Time linear in the string. Does not suspend.`,
  examples: [
    `local items = text.split("a, 'b,c' ,d", ", ")
assert(#items == 3 and items[2] == "b,c")`,
    `assert(text.split("  one two ")[2] == "two")
assert(text.split("a,'',b", ",")[2] == "")
assert(text.split(nil) == nil)`,
  ],
  call: (_, list, delimiters) => [list === undefined ? undefined : splitText(list, delimiters)],
});

const xtext = luaFunction({
  name: 'xtext',
  params: [bytes('string', 'any octets')],
  results: [{ name: 'xtext', type: 'string', text: 'printable ASCII without blanks' }],
  text:
    'The octets as xtext (RFC 3461 section 4), as ENVID and ORCPT of DSN have them: `+`, `=`, blanks, control characters and octets above ' +
    '126 are written `+` and two hexadecimal digits. Does not suspend.',
  examples: [
    `assert(text.xtext("a+b=c d") == "a+2Bb+3Dc+20d")
assert(text.unxtext(text.xtext("\\r\\n\\255")) == "\\r\\n\\255")`,
  ],
  call: (_, octets) => [encodeXtext(octets)],
});

const unxtext = luaFunction({
  name: 'unxtext',
  params: [bytes('string', 'xtext')],
  results: [
    { name: 'octets', type: 'string?', text: 'what it stands for, any octets; nil when it is no xtext' },
  ],
  text:
    'What xtext (RFC 3461 section 4) stands for. Nil for a blank, a `=`, an octet that is no printable ASCII, and a `+` without two hexadecimal digits behind it, which ' +
    'may be in lower case. Does not suspend.',
  examples: [
    `assert(text.unxtext("Bob+40example.com") == "Bob@example.com")
assert(text.unxtext("+zz") == nil and text.unxtext("a b") == nil)`,
  ],
  call: (_, coded) => [isXtext(coded) ? decodeXtext(coded) : undefined],
});

export const textModule: ModuleSpec = luaModule({
  name: 'text',
  text: 'Texts: wildcard patterns, natural order, splitting, xtext. Texts may hold any octets; only ASCII letters have a case.',
  functions: [find, natcmp, split, xtext, unxtext],
});
