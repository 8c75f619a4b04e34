// Domain names with U-labels (RFC 5890) as octets, and the same in A-labels: the two are one name. Pure.
import { domainToASCII, domainToUnicode } from 'node:url';
import { lowerAscii } from '../base/ascii.ts';
import { decodeUtf8, hasEightBitOctets } from '../text/utf8.ts';

/** What may stand in a name beside U-labels: the rules of URLs would take more, and would decode `%`. */
const ASCII_PART = /^[A-Za-z0-9._\-\u0080-\u{10ffff}]*$/u;
/** RFC 1035 section 2.3.1, with underscores (RFC 2181 section 11), and 2.3.4. */
const A_LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
const LONGEST_NAME = 253;
/** More octets than any name of 253 in A-labels has in UTF-8: a label of 63 stands for less than 60 characters of 4 octets. */
const LONGEST_UTF8 = 1020;

/**
 * A domain in A-labels and lower case: what two forms of one name have in common. A name that is ASCII already is only put into lower case,
 * whatever it is. undefined: octets above 127 that are no U-labels, be it UTF-8 that is not well-formed, or a character that IDNA makes
 * another one of (full width letters, soft hyphens, combining marks that have a letter of their own) other than a small letter of a capital.
 */
export function domainInAscii(domain: string): string | undefined {
  if (!hasEightBitOctets(domain)) return lowerAscii(domain);
  if (domain.length > LONGEST_UTF8) return undefined;
  const text = decodeUtf8(domain);
  if (text === undefined || !ASCII_PART.test(text)) return undefined;
  const ascii = domainToASCII(text);
  if (ascii === '' || ascii.length > LONGEST_NAME) return undefined;
  const given = text.split('.');
  const labels = ascii.split('.');
  const same =
    given.length === labels.length &&
    labels.every((label, i) => A_LABEL.test(label) && isSameLabel(label, given[i] ?? ''));
  return same ? ascii : undefined;
}

function isSameLabel(label: string, given: string): boolean {
  if (/^[\0-\x7f]*$/.test(given)) return true;
  // RFC 5891 section 4.2.3.1
  return !/^-|^..--|-$/u.test(given) && domainToUnicode(label) === given.toLowerCase();
}

/** Whether two texts are one domain name, in whatever case and form. */
export function isSameDomain(one: string, other: string): boolean {
  const ascii = domainInAscii(one);
  return ascii !== undefined && ascii === domainInAscii(other);
}
