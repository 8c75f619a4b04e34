import { describe, expect, it } from 'vitest';
import { HeaderList, splitHeaders } from '../../../src/message/header-list.ts';
import { Seeded } from '../../fakes/seeded.ts';

function list(...headers: string[]): HeaderList {
  const made = new HeaderList();
  made.receiveBlock(Buffer.from(headers.map((header) => `${header}\r\n`).join('')));
  return made;
}

describe('splitHeaders', () => {
  it('keeps folding and 8-bit bytes, and drops the last line end', () => {
    expect(splitHeaders(Buffer.from('A: 1\r\n\tx\r\nB: \xe9\r\n', 'latin1'))).toEqual([
      'A: 1\r\n\tx',
      'B: \xe9',
    ]);
    expect(splitHeaders(Buffer.from('A: 1'))).toEqual(['A: 1']);
    expect(splitHeaders(Buffer.alloc(0))).toEqual([]);
  });
});

describe('HeaderList', () => {
  it('finds the Nth header wherever it stands', () => {
    const headers = list('Received: 1', 'Received: 2', 'From: a', 'Received: 3');
    expect(headers.find('received', 3)).toEqual({ index: 4, value: '3' });
    expect(headers.find('Received', 2)).toEqual({ index: 2, value: '2' });
    expect(headers.find('Received', 4)).toBeUndefined();
    expect(headers.find('Receive', 1)).toBeUndefined();
    expect(headers.find('', 1)).toBeUndefined();
    expect(headers.edited).toBe(false);
  });

  it('deletes and replaces exactly the Nth', () => {
    const headers = list('R: 1', 'F: a', 'R: 2', 'R: 3');
    expect(headers.delete('R', 2)).toBe(true);
    expect(headers.all).toEqual(['R: 1', 'F: a', 'R: 3']);
    headers.modify('R', 2, 'x');
    expect(headers.all).toEqual(['R: 1', 'F: a', 'R: x']);
    headers.modify('R', 9, 'y');
    headers.modify('R', 0, 'z');
    headers.modify('N', 1, 'n');
    expect(headers.all).toEqual(['R: z', 'R: 1', 'F: a', 'R: x', 'R: y', 'N: n']);
    expect(headers.edited).toBe(true);
  });

  it('inserts by 1-based index and appends outside', () => {
    const headers = list('A: 1');
    headers.insert('B: 2', 1);
    headers.insert('C: 3', 0);
    headers.insert('D: 4', 99);
    expect(headers.toBuffer().toString()).toBe('B: 2\r\nA: 1\r\nC: 3\r\nD: 4\r\n');
  });

  it('finds the same as a search through the list, whatever was done before', () => {
    const random = new Seeded(1);
    const names = ['A', 'a', 'Subject', 'SUBJECT', 'X-Y', 'B:C', 'D '];
    for (let round = 0; round < 200; round++) {
      const headers = new HeaderList();
      for (let step = 0; step < 40; step++) {
        const name = random.pick(names);
        const line = `${name}: ${step}`;
        const at = random.below(6);
        const actions = [
          () => headers.receive(line),
          () => headers.receiveBlock(Buffer.from(`${line}\r\n${line}\r\n`)),
          () => headers.add(line),
          () => headers.insert(line, at),
          () => headers.delete(name, at),
          () => headers.modify(name, at, 'new'),
        ];
        random.pick(actions)();
        const wanted = random.pick(['A', 'SubJect', 'x-y', 'B', 'D']);
        const places = headers.all.flatMap((header, i) =>
          header.slice(0, header.indexOf(':')).toLowerCase() === wanted.toLowerCase() ? [i + 1] : [],
        );
        const found = places.map((_, i) => headers.find(wanted, i + 1)?.index);
        expect(found).toEqual(places);
        expect(headers.find(wanted, places.length + 1)).toBeUndefined();
      }
    }
  });
});
