// Whatever a policy passes to the functions of md5, net, text, uri and util, they return what their table says or raise an argument error.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LuaError, type LuaResults, type ResultSpec } from '../../src/lua-api/function-spec.ts';
import { type LuaValue, luaTypeName } from '../../src/lua-api/value.ts';
import { md5Module } from '../../src/modules/md5.ts';
import { netModule } from '../../src/modules/net.ts';
import { textModule } from '../../src/modules/text.ts';
import { uriModule } from '../../src/modules/uri.ts';
import { fakeCallContext } from '../fakes/call-context.ts';
import { callMethod, callModule } from '../fakes/call-module.ts';
import { utilModule } from '../fakes/util-module.ts';

const context = fakeCallContext();

const octets = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
/** Pieces that mean something to one of the functions. */
const telling = fc
  .array(
    fc.constantFrom(
      ...[
        '1',
        '255',
        '.',
        ':',
        '::',
        '/',
        '8',
        '[',
        ']',
        'ffff',
        'IPv6:',
        '*',
        '?',
        '\\',
        '"',
        "'",
        ' ',
        '-',
        '^',
        '%',
        '%4',
        '@',
      ],
      ...[
        'http:',
        '//',
        'mailto:',
        'example',
        '.com',
        'co.uk',
        '#',
        'Jan',
        'Sun',
        ',',
        '2003',
        '(',
        ')',
        '+0200',
        'T',
        '\0',
        '\xff',
      ],
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join(''));
const value: fc.Arbitrary<LuaValue> = fc.oneof(
  { arbitrary: telling, weight: 6 },
  { arbitrary: octets, weight: 3 },
  fc.boolean(),
  fc.integer(),
  fc.double(),
  fc.constant(undefined),
  fc.constant(new Map<LuaValue, LuaValue>([[1, 'x']])),
);

/** Does a result have one of the types that its table gives (`string?`, `integer`, `string[]?` ...)? */
function fits(spec: ResultSpec, result: LuaValue): boolean {
  const optional = spec.type.endsWith('?');
  const type = optional ? spec.type.slice(0, -1) : spec.type;
  if (type === 'any') return true;
  const name = luaTypeName(result);
  if (name === 'nil') return optional;
  if (type === 'integer') return Number.isInteger(result);
  if (type === 'string' || type === 'boolean' || type === 'number') return name === type;
  return name === 'table' || name === 'userdata';
}

/** A value that has no JSON is an error that says where it stands. */
const saysWhatIsWrong = new Set(['util.json_encode']);

function checkCall(name: string, results: readonly ResultSpec[], call: () => unknown): void {
  let given: LuaResults;
  try {
    given = call() as LuaResults;
  } catch (error) {
    expect(error).toBeInstanceOf(LuaError);
    if (!saysWhatIsWrong.has(name)) expect((error as Error).message).toMatch(/^bad argument #\d to '/);
    return;
  }
  expect(given.length, name).toBeLessThanOrEqual(results.length);
  results.forEach((spec, i) => {
    const omitted = i >= given.length && i > 0;
    expect(omitted || fits(spec, given[i]), `${name} gave ${String(given[i])} for ${spec.name}`).toBe(true);
  });
}

const functions = [netModule, textModule, uriModule, utilModule].flatMap((module) =>
  module.functions.filter((spec) => !spec.suspends).map((spec) => ({ module, spec })),
);

describe('any arguments', () => {
  it.each(functions.map((each) => [`${each.module.name}.${each.spec.name}`, each] as const))(
    '%s',
    (name, { module, spec }) => {
      fc.assert(
        fc.property(fc.array(value, { maxLength: 4 }), (args) => {
          checkCall(name, spec.results, () => callModule(module, spec.name, context, ...args));
        }),
        { numRuns: 500 },
      );
    },
  );

  const methods = md5Module.classes.flatMap((cls) => cls.methods);
  it.each(methods.map((spec) => [`md5_obj:${spec.name}`, spec] as const))('%s', (name, spec) => {
    const [object] = callModule(md5Module, 'new', context) as LuaResults;
    fc.assert(
      fc.property(fc.array(value, { maxLength: 2 }), (args) => {
        checkCall(name, spec.results, () => callMethod(object, spec.name, context, ...args));
      }),
      { numRuns: 300 },
    );
  });
});

describe('md5', () => {
  it('does not depend on the pieces in which octets are added', () => {
    const digest = (pieces: readonly string[]) => {
      const [object] = callModule(md5Module, 'new', context) as LuaResults;
      for (const piece of pieces) callMethod(object, 'append', context, piece);
      return callMethod(object, 'done', context);
    };
    fc.assert(
      fc.property(fc.array(octets), (pieces) => {
        expect(digest(pieces)).toEqual(digest([pieces.join('')]));
      }),
    );
  });
});
