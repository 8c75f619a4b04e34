// The value in front of the parameters: encoded words are decoded before anything is put into lower case, which would make base64 another one.
import { expect, it } from 'vitest';
import { valueAndParameters } from '../../../../src/message/mime/parameter-text.ts';

it.each([
  ['Attachment; x=Y', 'attachment'],
  ['=?utf-8?B?QXR0YWNobWVudA==?=; x=Y', 'attachment'],
  ['=?utf-8?Q?Inl=49ne?=; x=Y', 'inline'],
  ['=?UTF-8?B?w4k=?=', '\u00e9'],
])('%s: %s', (text, value) => {
  expect(valueAndParameters(text).value).toBe(value);
});
