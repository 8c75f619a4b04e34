// Names in zip archives: UTF-8 where it says so or where they are it, else the characters of the first PCs (APPNOTE appendix D). Others take them for
// those of their own country; what matters here, the ASCII in it, is the same.
import { isUtf8 } from 'node:buffer';

const upper =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ ';

export function zipName(octets: Buffer, isDeclaredUtf8: boolean): string {
  if (isDeclaredUtf8 || isUtf8(octets)) return octets.toString('utf8');
  return octets
    .toString('latin1')
    .replace(/[\x80-\xff]/g, (character) => upper[character.charCodeAt(0) - 128] ?? '');
}
