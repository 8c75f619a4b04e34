import { describe, expect, it } from 'vitest';
import { HeaderList, splitHeaders } from '../../../../src/message/header/header-list.ts';
import { Seeded } from '../../../fakes/seeded.ts';

function list(...headers: string[]): HeaderList {
  const made = new HeaderList();
  made.receiveBlock(Buffer.from(headers.map((header) => `${header}\r\n`).join(''), 'latin1'));
  return made;
}

describe('a header block', () => {
  const cut = (block: string): readonly string[] => {
    const headers = new HeaderList();
    headers.receiveBlock(Buffer.from(block, 'latin1'));
    return headers.all;
  };

  it('is cut with its folding and 8-bit bytes, without the last line end', () => {
    expect(cut('A: 1\r\n\tx\r\nB: \xe9\r\n')).toEqual(['A: 1\r\n\tx', 'B: \xe9']);
    expect(cut('A: 1')).toEqual(['A: 1']);
    expect(cut(' folded\r\nA: 1\r\n')).toEqual([' folded', 'A: 1']);
    expect(cut('')).toEqual([]);
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
          header.slice(0, header.indexOf(':')).trimEnd().toLowerCase() === wanted.toLowerCase()
            ? [i + 1]
            : [],
        );
        const found = places.map((_, i) => headers.find(wanted, i + 1)?.index);
        expect(found).toEqual(places);
        expect(headers.find(wanted, places.length + 1)).toBeUndefined();
      }
    }
  });

  describe('names', () => {
    it.each([
      ['blanks before the colon', 'Subject : x'],
      ['tabs and blanks', 'Subject \t\t : x'],
      ['a vertical tab', 'Subject\x0b: x'],
      ['NUL', 'Sub\0ject\0: x'],
      ['a control character in front', '\x01Subject: x'],
      ['no-break spaces', '\xc2\xa0Subject\xc2\xa0: x'],
      ['zero-width and direction marks', '\xe2\x80\x8bSubject\xe2\x80\x8e: x'],
      ['a byte order mark behind it', 'Subject\xef\xbb\xbf : x'],
      ['a comment', 'Subject (x): x'],
      ['a comment with a colon', 'Subject (a:b) (c): x'],
      ['a comment right behind', 'SUBJECT(x): x'],
      ['folding before the colon', 'Subject\r\n : x'],
      ['a byte order mark', '\xef\xbb\xbfSubject: x'],
    ])('%s do not hide a header', (_title, header) => {
      const headers = list('A: 1');
      headers.receive(header);
      expect(headers.find('subject', 1)).toEqual({ index: 2, value: 'x' });
      headers.modify('Subject', 1, 'y');
      expect(headers.find('Subject', 2)).toBeUndefined();
      expect(headers.delete('Subject', 1)).toBe(true);
      expect(headers.all).toEqual(['A: 1']);
    });

    it.each([': x', 'no colon', ' : x', 'Subject\r\n x'])('%j has none', (header) => {
      const headers = list('A: 1');
      headers.receive(header);
      expect(headers.find('', 1)).toBeUndefined();
      expect(headers.find('Subject', 1)).toBeUndefined();
    });

    it.each([
      ['X-\xe9', 'x-\xe9: 1'],
      ['X Foo', 'x foo: 1'],
      ['X\0A', 'X\0A: 1'],
    ])('%j is one, odd as it is', (name, header) => {
      const headers = new HeaderList();
      headers.receive(header);
      expect(headers.find(name, 1)?.value).toBe('1');
    });

    it('the line of a mailbox has none, a header From with a blank has', () => {
      const headers = list('From me Mon Jan  1 10:00:00 2024', 'From : a@x.example');
      expect(headers.find('From', 1)).toEqual({ index: 2, value: 'a@x.example' });
    });
  });

  it('cuts a block', () => {
    expect(splitHeaders(Buffer.from('A: 1\r\n b\r\nC: 2\r\n'))).toEqual(['A: 1\r\n b', 'C: 2']);
  });

  describe('what a policy adds is a header for everybody', () => {
    const added = (...received: string[]): readonly string[] => {
      const headers = list(...received);
      headers.add('X-A: 1');
      headers.insert('X-B: 2', 99);
      headers.modify('X-C', 1, '3');
      return headers.all;
    };
    const ours = ['X-A: 1', 'X-B: 2', 'X-C: 3'];

    it.each([
      ['no colon', 'this is no header'],
      ['a blank in the name', 'X Foo: 1'],
      ['a blank before the colon', 'X-Foo : 1'],
      ['an octet above 127', 'X-\xe9: 1'],
      ['NUL', 'X\0: 1'],
      ['no name', ': 1'],
      ['quoted twice', '>>From me Mon'],
      ['an empty continuation', 'X-Foo: 1\r\n \r\n y'],
    ])('before a line with %s', (_title, line) => {
      expect(added('From: a@x.example', line, 'To: b')).toEqual([
        'From: a@x.example',
        ...ours,
        line,
        'To: b',
      ]);
      expect(added(line)).toEqual([...ours, line]);
    });

    it('before a From line that is not the first', () => {
      expect(added('From: a@x.example', 'From me Mon')).toEqual([
        'From: a@x.example',
        ...ours,
        'From me Mon',
      ]);
    });

    it('at the end of headers that are headers', () => {
      expect(added('From: a', 'X-(y): 1\r\n z')).toEqual(['From: a', 'X-(y): 1\r\n z', ...ours]);
    });

    it('behind the line of a mailbox, even when it was added before', () => {
      expect(added('From me Mon', 'To: b')).toEqual(['From me Mon', 'To: b', ...ours]);
      const headers = new HeaderList();
      headers.add('X-A: 1');
      headers.receive('From me Mon');
      headers.receive('To: b');
      headers.insert('X-B: 2', 1);
      expect(headers.all).toEqual(['From me Mon', 'X-B: 2', 'X-A: 1', 'To: b']);
    });

    it('and no first line that begins with a blank goes on with it', () => {
      const headers = list(' evil', 'To: b');
      headers.add('X-A: 1');
      expect(headers.toBuffer().toString()).toBe('X-A: 1\r\nX-Not-A-Header: evil\r\nTo: b\r\n');
      const before = new HeaderList();
      before.add('X-A: 1');
      before.receive(' evil');
      expect(before.toBuffer().toString()).toBe('X-A: 1\r\nX-Not-A-Header: evil\r\n');
    });

    it('also when it replaces one that stands behind such a line', () => {
      const headers = list('A: 1', 'junk', 'Subject: x');
      headers.modify('Subject', 1, 'y');
      expect(headers.all).toEqual(['A: 1', 'Subject: y', 'junk']);
      headers.delete('A', 1);
      headers.add('B: 2');
      expect(headers.all).toEqual(['Subject: y', 'B: 2', 'junk']);
    });
  });

  it('nor has one before lines that are no headers', () => {
    const headers = new HeaderList();
    headers.receiveBlock(Buffer.from('x\r\n'.repeat(100_000)));
    const began = process.cpuUsage();
    for (let i = 0; i < 50_000; i++) headers.add('A: 1');
    while (headers.delete('A', 1));
    const used = process.cpuUsage(began);
    expect((used.user + used.system) / 1000).toBeLessThan(4000);
    expect(headers.length).toBe(100_000);
  });

  it('has no edit that takes longer the more headers there are', () => {
    const count = 100_000;
    const block = Buffer.from('X-A: 1\r\n'.repeat(count));
    const loops: readonly ((headers: HeaderList) => void)[] = [
      (headers) => {
        while (headers.find('X-A', 1) !== undefined) headers.delete('X-A', 1);
      },
      (headers) => {
        for (let i = count; i > 0; i--) headers.delete('X-A', i);
      },
      (headers) => {
        for (let i = 1; i <= count; i++)
          if (headers.find('x-a', i)?.index !== i) throw new Error('misplaced');
      },
      (headers) => {
        for (let i = 1; i <= count; i++) headers.modify('X-A', i, 'y');
      },
      (headers) => {
        for (let i = 0; i < count; i++) headers.insert('X-B: 1', 1);
        for (let i = 0; i < count; i++) headers.insert('X-B: 1', 2);
      },
      (headers) => {
        for (let i = 0; i < count; i++) {
          headers.insert(`X-${i}: 1`, i);
          if (headers.find(`x-${i}`, 1) === undefined) throw new Error('lost');
          headers.delete(`x-${i}`, 1);
        }
      },
    ];
    for (const loop of loops) {
      const headers = new HeaderList();
      headers.receiveBlock(block);
      const began = process.cpuUsage();
      loop(headers);
      const used = process.cpuUsage(began);
      // Quadratic it was half a minute and more.
      expect((used.user + used.system) / 1000).toBeLessThan(4000);
    }
  });
});
