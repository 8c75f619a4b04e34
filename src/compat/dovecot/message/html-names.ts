// Character references by name that Dovecot knows (those of HTML 4) and the table for the search for URIs has not: symbols. Case counts.
import { referenceNames } from '../../../message/uri/entity-names.ts';

/** Hexadecimal code point, colon, name. */
const symbols =
  '2190:larr 2191:uarr 2192:rarr 2193:darr 2194:harr 21b5:crarr 21d0:lArr 21d1:uArr 21d2:rArr 21d3:dArr 21d4:hArr 2200:forall 2202:part ' +
  '2203:exist 2205:empty 2207:nabla 2208:isin 2209:notin 220b:ni 220f:prod 2211:sum 2212:minus 2217:lowast 221a:radic 221d:prop ' +
  '221e:infin 2220:ang 2227:and 2228:or 2229:cap 222a:cup 222b:int 2234:there4 223c:sim 2245:cong 2248:asymp 2260:ne 2261:equiv ' +
  '2264:le 2265:ge 2282:sub 2283:sup 2284:nsub 2286:sube 2287:supe 2295:oplus 2297:otimes 22a5:perp 22c5:sdot 2308:lceil 2309:rceil ' +
  '230a:lfloor 230b:rfloor 2329:lang 232a:rang 25ca:loz 2660:spades 2663:clubs 2665:hearts 2666:diams 2118:weierp 2135:alefsym';

const more: ReadonlyMap<string, string> = new Map(
  symbols.split(' ').map((item) => {
    const [code = '', name = ''] = item.split(':');
    return [name, String.fromCodePoint(Number.parseInt(code, 16))] as const;
  }),
);

/** Of ASCII XHTML has five; of names in capitals it has two. */
const isOld = (name: string, character: string): boolean =>
  (character > '\x7f' || /^(?:quot|amp|lt|gt|apos)$/.test(name)) &&
  (!/^[A-Z]+$/.test(name) || /^(?:ETH|THORN)$/.test(name));

export function characterOf(name: string): string | undefined {
  const character = more.get(name) ?? referenceNames.get(name);
  return character !== undefined && isOld(name, character) ? character : undefined;
}
