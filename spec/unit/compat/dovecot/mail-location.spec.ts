// What a userdb says of where mail lies, as a directory to deliver into.
import { expect, it } from 'vitest';
import { maildirOf } from '../../../../src/compat/dovecot/mail-location.ts';

it.each([
  [{ mail: 'maildir:/var/mail/bob' }, '/var/mail/bob'],
  [{ mail: 'MAILDIR:/var/mail/bob:INDEX=/idx:LAYOUT=fs' }, '/var/mail/bob'],
  [{ mail: 'maildir:~/Maildir', home: '/home/bob' }, '/home/bob/Maildir'],
  [{ mail: 'maildir:~', home: '/home/bob' }, '/home/bob'],
  [{ mail: 'maildir:%h/Maildir', home: '/home/bob' }, '/home/bob/Maildir'],
  [{ mail: 'maildir:/var/../mail//bob' }, '/mail/bob'],
  [{ mail: 'maildir:~/Maildir' }, undefined],
  [{ mail: 'maildir:~/Maildir', home: 'bob' }, undefined],
  [{ mail: 'maildir:Maildir', home: '/home/bob' }, undefined],
  [{ mail: 'maildir:/var/mail/%n' }, undefined],
  [{ mail: 'maildir:~other/Maildir', home: '/home/bob' }, undefined],
  [{ mail: 'maildir:' }, undefined],
  [{ mail: 'maildir:/a\0b' }, undefined],
  [{ mail: 'mdbox:/var/mail/bob' }, undefined],
  [{ home: '/home/bob' }, undefined],
  [{}, undefined],
])('%j is %j', (fields, path) => {
  expect(maildirOf(new Map(Object.entries(fields)))).toBe(path);
});
