// A built site holds together: whatever its pages link to or show is there, and so is each anchor.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const decoded = (text: string): string => decodeURIComponent(text.replaceAll('&amp;', '&'));

/** What is wrong, as `page: link`. `base`: the path of the site, which links begin with. */
export function complaints(site: string, base = '/'): readonly string[] {
  const files = readdirSync(site, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.html'),
  );
  const texts = new Map(files.map((name) => [name, readFileSync(join(site, name), 'utf8')]));
  const anchors = new Map(
    [...texts].map(([name, text]) => [
      name,
      new Set([...text.matchAll(/ id="([^"]*)"/g)].map(([, id = '']) => decoded(id))),
    ]),
  );
  return [...texts].flatMap(([name, text]) =>
    [...text.matchAll(/ (?:href|src)="([^"]*)"/g)].flatMap(([, link = '']) => {
      if (/^(?:[a-z]+:|\/\/)/.test(link)) return [];
      const [path = '', anchor] = link.split('#');
      const isRooted = path.startsWith(base);
      if (path.startsWith('/') && !isRooted) return [`${name}: ${link}`];
      const file =
        path === ''
          ? name
          : normalize(isRooted ? decoded(path.slice(base.length)) : join(dirname(name), decoded(path)));
      const found = [file, `${file}.html`, join(file, 'index.html')].find(
        (one) =>
          texts.has(one) ||
          (one === file && file !== '.' && /\.\w+$/.test(file) && existsSync(join(site, one))),
      );
      if (found === undefined) return [`${name}: ${link}`];
      const isThere =
        anchor === undefined || anchor === '' || anchors.get(found)?.has(decoded(anchor)) === true;
      return isThere ? [] : [`${name}: ${link}`];
    }),
  );
}
