// Where an expression is not what it is in Lua 5.1, and why. doc/differences.md says the same to users.

export interface LuaDifference {
  readonly why: string;
  /** Lua 5.4 answers as Lua 5.1 does. */
  readonly againstBoth: boolean;
  /** The expression, and our answer. */
  readonly cases: readonly (readonly [string, string])[];
}

export const luaDifferences: readonly LuaDifference[] = [
  {
    why: 'A file that cannot be opened by dofile is an error with script and line.',
    againstBoth: true,
    cases: [
      [
        "pcall(function() local x = dofile('/nowhere') return x end)",
        'true | false | expression:1: cannot open /nowhere: No such file or directory',
      ],
    ],
  },
  {
    why: 'Dates beyond the year 275760 cannot be had.',
    againstBoth: true,
    cases: [
      [
        "pcall(function() local x = os.date('%c', 2 ^ 53) return x end)",
        'true | false | expression:1: date result cannot be represented in this installation',
      ],
    ],
  },
  {
    why: 'A pattern is checked as a whole before it is used.',
    againstBoth: true,
    cases: [
      [
        'pcall(loadstring and loadstring("return string.gsub(\'abc\', \'z)\', print)", "=e") or load("return string.gsub(\'abc\', \'z)\', print)", "=e"))',
        'true | false | e:1: invalid pattern capture',
      ],
      [
        'pcall(loadstring and loadstring("return string.find(\'b\', \'-%d%g[a-\')", "=e") or load("return string.find(\'b\', \'-%d%g[a-\')", "=e"))',
        "true | false | e:1: malformed pattern (missing ']')",
      ],
    ],
  },
  {
    why: 'Whole numbers are integers of 64 bits, as in Lua 5.4: they print in full, and the remainder of a division by 0 is an error.',
    againstBoth: false,
    cases: [
      ['123456789012345', 'true | 123456789012345'],
      ['100000000000000', 'true | 100000000000000'],
      ['5 % 0 ~= 5 % 0', "false | expression:1: attempt to perform 'n%0'"],
      ['1 % 0 ~= 1 % 0', "false | expression:1: attempt to perform 'n%0'"],
      ['9007199254740993', 'true | 9007199254740993'],
      ['0x7fffffffffffffff', 'true | 9223372036854775807'],
    ],
  },
  {
    why: 'Syntax and conversions of Lua 5.4 are there too.',
    againstBoth: false,
    cases: [
      ["string.format('%s', nil)", 'true | nil'],
      ["string.format('%s', true)", 'true | true'],
      ['7 // 1', 'true | 7'],
      ["string.format('%s', 'a\\0b') == 'a\\0b'", 'true | true'],
      ['pcall(load, 1)', 'true | true | nil | [string "1"]:1: unexpected symbol near \'1\''],
      [
        "pcall(os.date, '%Ez', 0)",
        "true | false | bad argument #1 to 'date' (invalid conversion specifier '%Ez')",
      ],
      ['2^31 | 0', 'true | 2147483648'],
      ["pcall(os.date, '!%Ec', 0)", 'true | true | Thu Jan  1 00:00:00 1970'],
      ["pcall(os.date, '!%EY', 0)", 'true | true | 1970'],
      ["pcall(os.date, '!%Od', 0)", 'true | true | 01'],
      ["pcall(os.date, '!%Oy', 0)", 'true | true | 70'],
      [
        "pcall(os.date, '!%E', 0)",
        "true | false | bad argument #1 to 'date' (invalid conversion specifier '%E')",
      ],
    ],
  },
  {
    why: 'What tonumber takes for a number is what Lua 5.4 does: no inf and nan, and a sign before digits of any base.',
    againstBoth: false,
    cases: [
      ["tonumber('inf')", 'true | nil'],
      ["tonumber('nan')", 'true | nil'],
      [
        "tonumber('7', 8), tonumber('8', 8), tonumber('ff', 16), tonumber('-ff', 16), tonumber('1.5', 10)",
        'true | 7 | nil | 255 | -255 | nil',
      ],
    ],
  },
  {
    why: 'What __tostring gives must be a string, as in Lua 5.4.',
    againstBoth: false,
    cases: [
      [
        'tostring(setmetatable({}, { __tostring = function() return nil end }))',
        "false | expression:1: '__tostring' must return a string",
      ],
    ],
  },
  {
    why: 'Beyond the end of a string a search finds nothing, as in Lua 5.4.',
    againstBoth: false,
    cases: [["string.find('abc', '', 10)", 'true | nil']],
  },
  {
    why: 'A hook runs in a coroutine, and coroutines may be made of any function.',
    againstBoth: false,
    cases: [
      ['coroutine.status(coroutine.create(print))', 'true | suspended'],
      ['type(coroutine.running())', 'true | thread'],
    ],
  },
  {
    why: 'An unknown conversion of os.date or mode of a file is an error, as in Lua 5.4.',
    againstBoth: false,
    cases: [
      [
        "pcall(function() local x = io.open('x', 'q') return x end)",
        "true | false | expression:1: bad argument #2 to 'open' (invalid mode)",
      ],
      [
        "pcall(function() local x = io.popen('x', 'q') return x end)",
        "true | false | expression:1: bad argument #2 to 'popen' (invalid mode)",
      ],
      [
        "pcall(os.date, '!%q', 0)",
        "true | false | bad argument #1 to 'date' (invalid conversion specifier '%q')",
      ],
      [
        "pcall(os.date, '!%', 0)",
        "true | false | bad argument #1 to 'date' (invalid conversion specifier '%')",
      ],
    ],
  },
  {
    why: 'Metamethods of comparison as in Lua 5.4: one of the two operands is enough.',
    againstBoth: false,
    cases: [
      [
        'setmetatable({1}, {__lt = function(a, b) return a[1] < b[1] end}) <= setmetatable({1}, {})',
        'true | true',
      ],
    ],
  },
  {
    why: 'An argument that is missing and one that is nil are the same for the library functions that are written in Lua.',
    againstBoth: false,
    cases: [
      ['pcall(string.rep)', "true | false | bad argument #1 to 'rep' (string expected, got nil)"],
      ["pcall(string.rep, 'x')", "true | false | bad argument #2 to 'rep' (number expected, got nil)"],
      ["pcall(string.gsub, 'a')", "true | false | bad argument #2 to 'gsub' (string expected, got nil)"],
      ['pcall(unpack)', "true | false | bad argument #1 to 'unpack' (table expected, got nil)"],
      ['pcall(loadstring)', "true | false | bad argument #1 to 'loadstring' (string expected, got nil)"],
      ['pcall(xpcall)', "true | false | bad argument #2 to 'xpcall' (function expected, got nil)"],
      ['pcall(coroutine.create)', "true | false | bad argument #1 to 'create' (function expected, got nil)"],
      ['pcall(coroutine.resume)', "true | false | bad argument #1 to 'resume' (thread expected, got nil)"],
      [
        "pcall(function() local x = string.find('a') return x end)",
        "true | false | expression:1: bad argument #2 to 'find' (string expected, got nil)",
      ],
      [
        "pcall(function() local x = string.gsub('a', 'a') return x end)",
        "true | false | expression:1: bad argument #3 to 'gsub' (string/function/table expected, got nil)",
      ],
      [
        "pcall(function() local x = string.gmatch('a') return x end)",
        "true | false | expression:1: bad argument #2 to 'gmatch' (string expected, got nil)",
      ],
      [
        'pcall(function() local x = unpack() return x end)',
        "true | false | expression:1: bad argument #1 to 'unpack' (table expected, got nil)",
      ],
      [
        'pcall(function() local x = table.foreachi({}) return x end)',
        "true | false | expression:1: bad argument #2 to 'foreachi' (function expected, got nil)",
      ],
      [
        'pcall(function() local x = loadstring() return x end)',
        "true | false | expression:1: bad argument #1 to 'loadstring' (string expected, got nil)",
      ],
      [
        'pcall(function() local x = load() return x end)',
        "true | false | expression:1: bad argument #1 to 'load' (function expected, got nil)",
      ],
      [
        'pcall(function() local x = coroutine.wrap() return x end)',
        "true | false | expression:1: bad argument #1 to 'wrap' (function expected, got nil)",
      ],
    ],
  },
  {
    why: 'A function that is called by pcall itself has a name in errors.',
    againstBoth: false,
    cases: [
      ['pcall(pairs, nil)', "true | false | bad argument #1 to 'pairs' (table expected, got nil)"],
      ['pcall(ipairs, nil)', "true | false | bad argument #1 to 'ipairs' (table expected, got nil)"],
      ['pcall(ipairs)', "true | false | bad argument #1 to 'ipairs' (table expected, got no value)"],
      ['pcall(table.insert, nil, 1)', "true | false | bad argument #1 to 'insert' (table expected, got nil)"],
      ['pcall(unpack, nil)', "true | false | bad argument #1 to 'unpack' (table expected, got nil)"],
      ['pcall(assert)', "true | false | bad argument #1 to 'assert' (value expected)"],
      ['pcall(select, 0)', "true | false | bad argument #1 to 'select' (index out of range)"],
      [
        'pcall(setmetatable, {}, 1)',
        "true | false | bad argument #2 to 'setmetatable' (nil or table expected, got number)",
      ],
      [
        'pcall(setmetatable, 1, {})',
        "true | false | bad argument #1 to 'setmetatable' (table expected, got number)",
      ],
      ['pcall(getmetatable)', "true | false | bad argument #1 to 'getmetatable' (value expected)"],
      ['pcall(tostring)', "true | false | bad argument #1 to 'tostring' (value expected)"],
      ['pcall(type)', "true | false | bad argument #1 to 'type' (value expected)"],
      [
        "pcall(io.lines, '/nowhere')",
        "true | false | cannot open file '/nowhere' (No such file or directory)",
      ],
      [
        "pcall(string.format, '%d', 'x')",
        "true | false | bad argument #2 to 'format' (number expected, got string)",
      ],
      ["pcall(string.format, '%d')", "true | false | bad argument #2 to 'format' (no value)"],
      ["pcall(string.format, '%')", "true | false | bad argument #2 to 'format' (no value)"],
      [
        "pcall(string.char, -1), pcall(string.char, 'x')",
        "true | false | false | bad argument #1 to 'char' (number expected, got string)",
      ],
      [
        'pcall(rawget, 1, 1), pcall(rawset, {}, 1), pcall(rawequal, 1)',
        "true | false | false | false | bad argument #2 to 'rawequal' (value expected)",
      ],
    ],
  },
  {
    why: 'The words of Lua 5.4.',
    againstBoth: false,
    cases: [
      [
        "pcall(function() return 'a' + 1 end)",
        "true | false | expression:1: attempt to add a 'string' with a 'number'",
      ],
      [
        'pcall(function() local t = nil return t.x end)',
        "true | false | expression:1: attempt to index a nil value (local 't')",
      ],
      [
        'pcall(function() return undefinedvar.x end)',
        "true | false | expression:1: attempt to index a nil value (global 'undefinedvar')",
      ],
      [
        'pcall(function() undefinedfunc() end)',
        "true | false | expression:1: attempt to call a nil value (global 'undefinedfunc')",
      ],
      [
        'pcall(function() local t = {} t.x.y = 1 end)',
        "true | false | expression:1: attempt to index a nil value (field 'x')",
      ],
      ["select(2, loadstring('x ='))", 'true | [string "x ="]:1: unexpected symbol near <eof>'],
      ["pcall(string.format, '%y', 1)", "true | false | invalid conversion '%y' to 'format'"],
      [
        'pcall(function() local x = string.char(256) return x end)',
        "true | false | expression:1: bad argument #1 to 'char' (value out of range)",
      ],
      [
        'pcall(function() local x = table.unpack() return x end)',
        "true | false | expression:1: bad argument #1 to 'unpack' (table expected, got nil)",
      ],
      [
        'pcall(function() local x = os.time({}) return x end)',
        "true | false | expression:1: field 'year' missing in date table",
      ],
      [
        "pcall(function() local x = io.lines('/nowhere') return x end)",
        "true | false | expression:1: cannot open file '/nowhere' (No such file or directory)",
      ],
      [
        "pcall(function() local x = io.input('/nowhere') return x end)",
        'true | false | expression:1: /nowhere: No such file or directory',
      ],
      [
        "pcall(function() local x = io.open('/dev/null'):read('q') return x end)",
        "true | false | expression:1: bad argument #1 to 'read' (invalid format)",
      ],
      [
        'pcall(function() local x = setmetatable({}, 1) return x end)',
        "true | false | expression:1: bad argument #2 to 'setmetatable' (nil or table expected, got number)",
      ],
      [
        'pcall(function() local x = tonumber(1, 99) return x end)',
        "true | false | expression:1: bad argument #1 to 'tonumber' (string expected, got number)",
      ],
      [
        'pcall(function() local x = coroutine.create(1) return x end)',
        "true | false | expression:1: bad argument #1 to 'create' (function expected, got number)",
      ],
      [
        'pcall(function() local x = coroutine.resume(1) return x end)',
        "true | false | expression:1: bad argument #1 to 'resume' (thread expected, got number)",
      ],
      [
        'pcall(function() local x = coroutine.status(1) return x end)',
        "true | false | expression:1: bad argument #1 to 'status' (thread expected, got number)",
      ],
      [
        'pcall(loadstring and loadstring("return string.match(\'abc\',\'%1\')", "=e") or load("return string.match(\'abc\',\'%1\')", "=e"))',
        'true | false | e:1: invalid capture index %1',
      ],
      [
        "pcall(function() local x = string.gsub(('a'):rep(50000) .. 'b', '(a*)b', '%2') return x end)",
        'true | false | expression:1: invalid capture index %2 in replacement string',
      ],
    ],
  },
  {
    why: 'Numbers as in Lua 5.4: the whole part of -0.5 has no sign, and %a is there.',
    againstBoth: false,
    cases: [
      ["string.format('%a', 1) ~= nil", 'true | true'],
      ['math.modf(-0.5), math.modf(1e300), math.modf(1/0)', 'true | 0 | 1e+300 | inf | 0'],
    ],
  },
];
