// `smtpe doc` and `smtpe explain`: everything that the tables name can be asked about, and what is misspelt leads to what was meant.
import { describe, expect, it, vi } from 'vitest';
import { eventNames } from '../../../src/base/event-table/event-table.ts';
import { described, explain, lookUp } from '../../../src/cli/doc.ts';
import { verbs } from '../../../src/cli/verb.ts';
import { metricNames } from '../../../src/observe/metric/metric-table.ts';
import { createOptions } from '../../../src/options/option-set.ts';
import { optionNames } from '../../../src/options/option-table.ts';
import { hookNames } from '../../../src/policy/hook-table.ts';
import { errorNames, terminalPages } from '../../../src/reference/terminal-page.ts';
import {
  type ErrorName,
  errorNumber,
  errorReply,
  errorsOfReply,
  errorTable,
} from '../../../src/smtp/server/reply-table.ts';
import { allModules } from '../../fakes/all-modules.ts';

const options = createOptions({});
const modules = described(allModules());
const pages = terminalPages(modules);
const text = (name: string): string => {
  const found = lookUp(name, options, pages);
  return found.kind === 'found' ? found.texts.join('\n') : `missing, near ${found.near}`;
};

it.each([
  ['hok.rcpt', 'hook.rcpt'],
  ['t.cse', 't.case'],
  ['header.fnd', 'header.find'],
  ['net.find', 'text.find'],
])('%s leads to %s', (name, near) => {
  expect(lookUp(name, options, pages)).toEqual({ kind: 'missing', near });
});

it('hook lists the hooks', () => {
  expect(text('hook')).toMatch(/hook\.rcpt\(recipient, domain\)[\s\S]*doc\/hooks\.md/);
});

describe('doc', () => {
  it('knows every function, field, table and record of the API, every hook, option, event, metric, error and verb', () => {
    const names = [
      ...modules.flatMap(
        ({ classes, fields, functions, lazyFields, name, records, required = name, tables }) => [
          ...[name, required],
          ...classes.flatMap((cls) => cls.methods.map((method) => `${cls.name}:${method.name}`)),
          ...[...functions, ...fields, ...lazyFields, ...tables].map((one) => `${name}.${one.name}`),
          ...records.map((record) => record.name),
        ],
      ),
      ...hookNames.map((name) => `hook.${name}`),
      ...[
        ...optionNames,
        ...eventNames,
        ...metricNames,
        ...errorNames,
        ...errorNames.map(errorNumber),
        ...verbs,
      ],
    ];
    expect(names.filter((name) => lookUp(name, options, pages).kind === 'missing')).toEqual([]);
  });

  it.each([
    [
      'header.find',
      /index, value = header\.find\([\s\S]*\narguments\n {2}header_name +string[\s\S]*results\n {2}index[\s\S]*doc\/reference\/header\.md$/,
    ],
    ['HEADER.FIND()', /header\.find/],
    ['dns.type', /dns\.type: constants[\s\S]* MX /],
    ['client.address', /client\.address: string/],
    ['hook.rcpt', /hook\.rcpt\(recipient, domain\)[\s\S]*2xx, 4xx or 5xx/],
    ['rcpt', /hook\.rcpt/],
    ['smtp-smart-host', /option smtp-smart-host\n\n# Next hops/],
    ['+daemon', /option daemon/],
    ['link-refused', /link-refused: event/],
    ['store', /store: module[\s\S]*option store[\s\S]*verb store/],
    ['service.http.request', /service\.http\.request[\s\S]*Suspends/],
    // Misspelt, or named in part.
    ['header.fnd', /near header\.find/],
    ['smtp-smarthost', /near smtp-smart-host/],
    ['hook.rctp', /near hook\.rcpt/],
    ['contains_ip', /near net\.contains_ip/],
  ])('%s', (name, pattern) => {
    expect(text(name)).toMatch(pattern);
  });

  it('prose fits a terminal', () => {
    const prose = modules.flatMap(({ functions, name }) =>
      functions.flatMap(
        (one) => text(`${name}.${one.name}`).split('\nexample\n')[0]?.split('\n').slice(1) ?? [],
      ),
    );
    // A word without a blank may be longer.
    expect(prose.filter((line) => line.length > 90 && line.trim().includes(' '))).toEqual([]);
  });
});

/** Exit code, and what is printed. */
async function explained(...words: readonly string[]): Promise<readonly [number, string]> {
  const said: string[] = [];
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation((text, ...more) => {
      said.push(String(text));
      const done = more.find((one) => typeof one === 'function');
      if (done !== undefined) (done as () => void)();
      return true;
    }),
  );
  try {
    return [await explain(words), said.join('')];
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

describe('explain', () => {
  /** Values for the holes of the texts, as a client gives them. */
  const params = {
    ...{ input: 'FOO E011 (bar)', word: 'x=*', id: '<a.b-1>', limit: 10, count: 3, name: 'mx [192.0.2.1]' },
    ...{ host: 'mx.example.org', address: 'E045@example.org' },
  };
  const replies = errorNames.flatMap((name) => {
    const plain = errorReply(name, '', params).text.trimEnd();
    const { code, status } = errorTable[name];
    return [
      plain,
      plain.slice(4),
      plain.slice(`${code} ${status} `.length),
      `${code} ${plain.slice(`${code} ${status} `.length)}`,
      errorReply(name, 'https://mx.example.org/help#', params).text.trimEnd(),
    ].map((line) => ({ name, line }));
  });

  it('knows every reply text of the table: whole, without code, without status, with smtp-error-url', () => {
    expect(replies.filter(({ line, name }) => !errorsOfReply(line).includes(name))).toEqual([]);
  });

  it('what it finds has the same text: with code and status other errors are not among it', () => {
    const others = (name: ErrorName): readonly ErrorName[] =>
      errorsOfReply(errorReply(name, '', params).text.trimEnd()).filter(
        (one) => errorTable[one].text !== errorTable[name].text,
      );
    expect(errorNames.filter((name) => others(name).length > 0)).toEqual([]);
  });

  it('prints the page of each error for its reply, in one argument or in several', async () => {
    for (const name of errorNames) {
      const line = errorReply(name, '', params).text.trimEnd();
      for (const words of [[line], line.split(' ')]) {
        const [code, said] = await explained(...words);
        expect([name, code]).toEqual([name, 0]);
        expect(said).toContain(`${errorNumber(name)} ${name}\n`);
      }
    }
  });

  it('lists the errors of every code, and of a code with its enhanced status', async () => {
    for (const name of errorNames) {
      const { code, status } = errorTable[name];
      for (const word of [`${code}`, `${code} ${status}`]) {
        const [ended, said] = await explained(word);
        expect([word, ended]).toEqual([word, 0]);
        expect(said.split('\n')).toContain(
          `${errorNumber(name)}  ${name}: ${status} ${errorTable[name].text}`,
        );
      }
      const only = (await explained(`${code} ${status}`))[1].trimEnd().split('\n');
      expect(only.filter((line) => !line.includes(`: ${status} `))).toEqual([]);
    }
  });

  it.each([['E001'], ['e001'], ['1'], ['internal'], ['550 5.7.1 see https://mx.example.org/E001 for more']])(
    '%s',
    async (words) => {
      expect(await explained(words)).toEqual([0, expect.stringContaining('E001 internal\n')]);
    },
  );

  it.each([['250'], ['999'], ['550 5.7.1 not here'], ['intrenal'], ['']])(
    '%s is no reply of smtpe: 64',
    async (words) => {
      expect(await explained(words)).toEqual([64, expect.stringMatching(/explain/)]);
    },
  );
});
