// What the log shows of a header (HeaderList.glance): as `find` has it where the name is plainly written, in a block that nobody has cut as
// in one that somebody has; nothing where it is not among the first.
import { describe, expect, it } from 'vitest';
import { HeaderList } from '../../../../src/message/header/header-list.ts';

function glance(block: string, cut: boolean): string | undefined {
  const list = new HeaderList();
  list.receiveBlock(Buffer.from(block, 'latin1'));
  if (cut) list.count('x');
  return list.glance('message-id');
}

describe.each([
  ['not cut', false],
  ['cut', true],
] as const)('in a block that is %s', (_, cut) => {
  it.each([
    ['Message-ID: <1@a>\r\n', '<1@a>'],
    ['A: b\r\nmessage-id:<1@a>  \r\nC: d\r\n', '<1@a>'],
    ['MESSAGE-ID:\r\n <1@a>\r\nC: d\r\n', '<1@a>'],
    ['A: b\r\n message-id: <no@a>\r\nMessage-Id: <1@a>\r\n <2@a>\r\n', '<1@a> <2@a>'],
    ['X-Message-ID: <no@a>\r\nMessage-ID: <1@a>\r\nMessage-ID: <2@a>\r\n', '<1@a>'],
    ['\xc0\xdf: x\r\nMessage-ID: \xe9\r\n', '\xe9'],
    ['Message-ID:\r\n', ''],
    ['Message-ID <1@a>\r\n', undefined],
    ['Subject: Message-ID: <1@a>\r\n', undefined],
    ['', undefined],
  ])('%j', (block, value) => {
    expect(glance(block, cut)).toBe(value);
  });

  it('one behind very many others is not looked for', () => {
    expect(glance(`${'A: bcdefghi\r\n'.repeat(2000)}Message-ID: <1@a>\r\n`, cut)).toBeUndefined();
  });
});

it('leaves what the policy has made of it: its own value, and none when it was removed', () => {
  const list = new HeaderList();
  list.receiveBlock(Buffer.from('Message-ID: <1@a>\r\n'));
  list.modify('Message-ID', 1, '<2@a>');
  expect(list.glance('message-id')).toBe('<2@a>');
  list.delete('Message-ID', 1);
  expect(list.glance('message-id')).toBeUndefined();
});
