// Who sends in the soak run, as sender checks see it: a zone in which example.com speaks for the addresses of the clients, and signatures of DKIM for
// some of its messages, over bodies with every octet.
import { makeKey, signed } from '../../fakes/mail-auth.ts';

const SELECTOR = 'soak';
const { key, record } = makeKey('rsa', 2048);

/** TXT records by name, for the name server. */
export const zone: Readonly<Record<string, string>> = {
  'example.com': 'v=spf1 ip4:127.0.0.0/8 ip4:198.51.100.0/24 -all',
  '_dmarc.example.com': 'v=DMARC1; p=reject',
  [`${SELECTOR}._domainkey.example.com`]: record,
};

/** The header with the signature of a message, with its line end. */
export async function signatureOf(content: Buffer): Promise<string> {
  const text = content.toString('latin1');
  const whole = await signed(text, { key, selector: SELECTOR, now: Math.floor(Date.now() / 1000) });
  return whole.slice(0, whole.length - text.length);
}
