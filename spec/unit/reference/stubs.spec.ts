// The definitions for editors hold together: a class is defined once, every type that is named is one, what may be nil says so, and nothing that
// functions give is a table of which nothing is known.
import { describe, expect, it } from 'vitest';
import { testModule } from '../../../src/bench/module/test-module.ts';
import { dovecotDescription } from '../../../src/compat/dovecot/description.ts';
import { scriptFunctions } from '../../../src/compat/dovecot/script-functions.ts';
import { referenceFiles } from '../../../src/reference/files.ts';
import { allModules } from '../../fakes/all-modules.ts';
import { allRumbleTables } from '../../fakes/all-rumble-tables.ts';

const stubs = [
  ...referenceFiles([...allModules(), dovecotDescription, ...allRumbleTables(), testModule], scriptFunctions),
].filter(([path]) => /^lib-lua\/stubs\/.*\.lua$/.test(path));

interface Line {
  readonly path: string;
  readonly text: string;
  /** `class`, `enum`, `param`, `field`, `return` */
  readonly tag: string;
  /** What stands behind the tag, and behind the name where there is one. */
  readonly rest: string;
  readonly name: string;
}

const lines: readonly Line[] = stubs.flatMap(([path, text]) =>
  text.split('\n').flatMap((line): Line[] => {
    const tagged = /^---@(class|enum|param|field|return) (.*)$/.exec(line);
    if (tagged === null) return [];
    const [, tag = '', behind = ''] = tagged;
    const isNamed = tag === 'param' || tag === 'field';
    const [name = '', ...more] = isNamed ? behind.split(/ (?![^[]*\])/) : ['', behind];
    return [{ path, text: line, tag, name, rest: more.join(' ') }];
  }),
);
const of = (...tags: readonly string[]): readonly Line[] => lines.filter(({ tag }) => tags.includes(tag));

const builtIn = 'any nil boolean string number integer table function true false'.split(' ');

/** Reads a type of LuaCATS from the beginning of a text: its names, and what stands behind it. Throws where there is none. */
function readType(text: string): { readonly names: readonly string[]; readonly behind: string } {
  const names: string[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    const found = new RegExp(pattern.source, 'y');
    found.lastIndex = at;
    const match = found.exec(text);
    if (match === null) return undefined;
    at += match[0].length;
    return match[0];
  };
  const need = (pattern: RegExp): string => {
    const found = take(pattern);
    if (found === undefined) throw new Error(`${pattern} expected at "${text.slice(at)}" of "${text}"`);
    return found;
  };
  const list = (close: RegExp, one: () => void): void => {
    while (take(close) === undefined) {
      one();
      take(/, ?/);
    }
  };
  const union = (): void => {
    single();
    while (take(/\|/) !== undefined) single();
  };
  const single = (): void => {
    if (take(/fun\(/) !== undefined) {
      list(/\)/, () => {
        need(/(?:[a-z_0-9]+\??|\.\.\.): /);
        union();
      });
      if (take(/: /) !== undefined) {
        union();
        while (take(/, /) !== undefined) union();
      }
    } else if (take(/\{ /) !== undefined)
      list(/ \}/, () => {
        need(/[a-z_]+: /);
        union();
      });
    else if (take(/\(/) !== undefined) {
      union();
      need(/\)/);
    } else if (take(/table</) !== undefined) list(/>/, union);
    else names.push(need(/[a-z][a-z0-9_.]*/));
    while (take(/\[\]/) !== undefined);
    take(/\?/);
  };
  union();
  return { names, behind: text.slice(at) };
}

const classOf = ({ rest }: Line): string => rest.replace(/:.*/, '');
const known = new Set([...builtIn, ...of('class', 'enum').map(classOf)]);

describe('the stubs', () => {
  it('define each class once', () => {
    const names = of('class', 'enum').map(classOf);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
    expect(names.length).toBeGreaterThan(100);
  });

  it('name no type that does not exist', () => {
    const wrong = of('param', 'field', 'return').filter(({ rest }) => {
      const { behind, names } = readType(rest);
      return !/^(?: |$)/.test(behind) || names.some((name) => !known.has(name));
    });
    expect(wrong.map(({ path, text }) => `${path}: ${text}`)).toEqual([]);
    const parents = of('class').flatMap(({ rest }) => /: (.*)$/.exec(rest)?.[1] ?? []);
    expect(parents.filter((name) => !known.has(name))).toEqual([]);
  });

  it('leave no table that is given or taken without a shape', () => {
    const bare = of('param', 'field', 'return').filter(({ rest }) => readType(rest).names.includes('table'));
    expect(bare.map(({ path, text }) => `${path}: ${text}`)).toEqual([]);
  });

  it('say of every result that it may be nil when its text does', () => {
    const wrong = of('return').filter(({ rest }) => {
      const { behind, names } = readType(rest);
      const type = rest.slice(0, rest.length - behind.length);
      return (
        /; nil$|\bnil when\b/.test(behind) &&
        !type.endsWith('?') &&
        !names.includes('nil') &&
        !names.includes('any')
      );
    });
    expect(wrong.map(({ path, text }) => `${path}: ${text}`)).toEqual([]);
  });

  it('have the fields of a class once each', () => {
    for (const [path, text] of stubs)
      for (const [, name = '', fields = ''] of text.matchAll(/^---@class (\S+).*\n((?:---@field .*\n)*)/gm)) {
        const names = [...fields.matchAll(/^---@field (\S+)/gm)].map(([, field]) => field);
        expect(new Set(names).size, `${path}: ${name}`).toBe(names.length);
      }
  });

  it('have words in enums that can be compared with', () => {
    expect(stubs.find(([path]) => path.endsWith('/spf.lua'))?.[1]).toContain('  SOFTFAIL = "softfail",');
  });
});
