import { describe, expect, it } from 'vitest';
import { OptionLayer } from '../../../src/options/option-layer.ts';
import { createOptions } from '../../../src/options/option-set.ts';

const FILE = '/etc/smtpe/smtpe.cf:7';
const layer = () => {
  const below = createOptions({ 'smtp-max-size': '1000', 'host-name': 'a.example' });
  return {
    below,
    options: new OptionLayer(below, () => [{ name: 'smtp-max-size', text: '5', origin: FILE }]),
  };
};

describe('a layer of options', () => {
  it('has what is its own, and everything else from below', () => {
    const { options } = layer();
    expect([
      options.values['smtp-max-size'],
      options.text('SMTP-max-size'),
      options.origin('smtp-max-size'),
    ]).toEqual([5, '5', FILE]);
    expect([options.values['host-name'], options.origin('host-name')]).toEqual([
      'a.example',
      'createOptions',
    ]);
    expect(options.toTexts().map(({ name, text }) => [name, text])).toEqual(
      expect.arrayContaining([
        ['smtp-max-size', '5'],
        ['host-name', 'a.example'],
      ]),
    );
  });

  it('follows what is below, set or adopted, and keeps its own', () => {
    const { below, options } = layer();
    expect(options.values).toBe(options.values);
    below.set('host-name', 'b.example', 'smtpe.setoption');
    below.set('smtp-max-size', '2000', 'smtpe.setoption');
    expect([options.values['host-name'], options.values['smtp-max-size']]).toEqual(['b.example', 5]);
    below.adopt(createOptions({ 'host-name': 'c.example' }));
    expect([options.values['host-name'], options.values['smtp-max-size']]).toEqual(['c.example', 5]);
  });

  it('sets its own only, under any spelling, and keeps it through a reload of what is below', () => {
    const { below, options } = layer();
    expect(options.set('HOST-NAME', 'own.example', 'x').kind).toBe('set');
    expect(options.set('smtp-max-size', 'many', 'x').kind).toBe('invalid');
    expect(options.set('no-such-thing', '1', 'x').kind).toBe('unknown');
    below.adopt(createOptions({ 'host-name': 'd.example' }));
    expect([options.values['host-name'], options.values['smtp-max-size']]).toEqual(['own.example', 5]);
    expect(below.values['host-name']).toBe('d.example');
  });

  it('forks like any set: neither sees the other change', () => {
    const { below, options } = layer();
    const fork = options.fork();
    fork.set('host-name', 'e.example', 'x');
    below.set('host-name', 'f.example', 'x');
    expect([fork.values['host-name'], fork.values['smtp-max-size'], options.values['host-name']]).toEqual([
      'e.example',
      5,
      'f.example',
    ]);
  });

  it('takes other settings of its own', () => {
    const { options } = layer();
    options.adopt(createOptions({ 'smtp-server-queue': '9' }));
    expect([options.values['smtp-server-queue'], options.values['smtp-max-size']]).toEqual([9, 1000]);
  });

  it('takes a list that begins with a semicolon as it is written', () => {
    const below = createOptions({ 'lua-path': '/a/?.lua' });
    const options = new OptionLayer(below, () => [{ name: 'lua-path', text: ';/b/?.lua', origin: FILE }]);
    expect(options.values['lua-path']).toBe(';/b/?.lua');
  });
});
