// Names of files that stand in text as uuencode puts them (`begin 644 x.exe`, POSIX uuencode): mail programs show what follows as an attachment.
// Fed with the decoded octets of a part of text by part.ts, in any split. Keeps one unfinished line.

const LF = 10;
const BEGIN = 'begin';
const line = /^begin(?:-base64(?:-encoded)?)?[ \t]+[0-7]{3,4}[ \t]+(\S.*)$/;
/** Longer than the name of any file. */
const longest = 1024;
const maxNames = 64;

export class UuencodeNames {
  /** As written, octets as latin1. */
  readonly names: string[] = [];
  /** A line, or the beginning of one, that may be what is looked for. */
  #rest: Buffer = Buffer.alloc(0);
  #atLineStart = true;

  feed(bytes: Buffer): void {
    const text = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes;
    if (text.length === 0) return;
    for (let at = text.indexOf(BEGIN); at >= 0; at = text.indexOf(BEGIN, at + 1)) {
      if (at === 0 ? !this.#atLineStart : text[at - 1] !== LF) continue;
      const lineFeed = text.indexOf(LF, at);
      if (lineFeed < 0 && text.length - at < longest) {
        this.#keep(text.subarray(at));
        return;
      }
      this.#judge(text, at, lineFeed < 0 ? text.length : lineFeed);
    }
    const last = text.lastIndexOf(LF) + 1;
    const rest = text.length - last < BEGIN.length ? text.subarray(last) : undefined;
    const begins = rest !== undefined && (last > 0 || this.#atLineStart);
    if (begins && BEGIN.startsWith(rest.toString('latin1'))) this.#keep(rest);
    else {
      this.#rest = Buffer.alloc(0);
      this.#atLineStart = last === text.length;
    }
  }

  end(): void {
    this.#judge(this.#rest, 0, this.#rest.length);
    this.#rest = Buffer.alloc(0);
  }

  #keep(rest: Buffer): void {
    this.#rest = Buffer.from(rest);
    this.#atLineStart = true;
  }

  #judge(text: Buffer, start: number, end: number): void {
    const found = line.exec(text.toString('latin1', start, Math.min(end, start + longest)).trimEnd());
    // The last ones count too when there are too many.
    if (found?.[1] === undefined) return;
    if (this.names.length >= maxNames) this.names.splice(maxNames / 2, 1);
    this.names.push(found[1]);
  }
}
