// Dates in HTTP (RFC 9110 section 5.6.7): IMF-fixdate and asctime are read like dates of mail, the RFC 850 form is made one first.
import { parseDate } from '../text/date-time.ts';

const RFC_850 = /^[A-Za-z]{6,9},[ \t]+(\d{1,2})-([A-Za-z]{3})-(\d{2,4})[ \t]+(\d{2}:\d{2}:\d{2})[ \t]+GMT$/;

/** Seconds since the Epoch; undefined when the text does not begin with a date. */
export function readHttpDate(text: string): number | undefined {
  const trimmed = text.slice(0, 200).trim();
  return parseDate(trimmed.replace(RFC_850, '$1 $2 $3 $4 GMT'))?.seconds;
}

/** IMF-fixdate of seconds since the Epoch, e.g. for If-Modified-Since; undefined for a time that has none. */
export function formatHttpDate(seconds: number): string | undefined {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) || date.getUTCFullYear() > 9999 ? undefined : date.toUTCString();
}
