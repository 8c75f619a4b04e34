// `smtpe doc` and `smtpe explain`: everything that the tables name can be asked about, and what is misspelt leads to what was meant.
import { describe, expect, it } from 'vitest';
import { eventNames } from '../../../src/base/event-table/event-table.ts';
import { described, lookUp } from '../../../src/cli/doc.ts';
import { verbs } from '../../../src/cli/verb.ts';
import { metricNames } from '../../../src/observe/metric/metric-table.ts';
import { createOptions } from '../../../src/options/option-set.ts';
import { optionNames } from '../../../src/options/option-table.ts';
import { hookNames } from '../../../src/policy/hook-table.ts';
import { errorNames, terminalPages } from '../../../src/reference/terminal-page.ts';
import { errorNumber } from '../../../src/smtp/server/reply-table.ts';
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
