// Writes a signature header: tags in lines of readable length, b= on lines of its own, so that the header is the same with its b= emptied as
// with it filled (RFC 6376 3.5, 3.7). Pure.

const lineLength = 76;
const fold = '\r\n\t';

export class TagWriter {
  #text: string;
  #column: number;
  #signatureAt = -1;
  /** The next tag begins a line. */
  #folds = false;

  constructor(name: string) {
    this.#text = `${name}:`;
    this.#column = this.#text.length;
  }

  /** `value` has to be right for a tag list; it is not folded inside. */
  add(tag: string, value: string): this {
    this.#begin(`${tag}=${value}`.length);
    this.#put(`${tag}=${value}`);
    return this;
  }

  /** A list with colons, folded where it is long. */
  addList(tag: string, values: readonly string[]): this {
    const whole = tag.length + 1 + values.join(':').length;
    this.#begin(whole + 2 <= lineLength ? whole : tag.length + 1 + (values[0]?.length ?? 0));
    this.#put(`${tag}=`);
    values.forEach((value, i) => {
      const piece = i < values.length - 1 ? `${value}:` : value;
      if (i > 0 && this.#column + piece.length >= lineLength) this.#fold();
      this.#put(piece);
    });
    return this;
  }

  /** b=, empty as long as nothing is signed. */
  addSignature(): this {
    this.#folds = true;
    this.#begin(2);
    this.#put('b=');
    this.#signatureAt = this.#text.length;
    this.#folds = true;
    return this;
  }

  /** As it is signed. */
  get unsigned(): string {
    return this.#text;
  }

  /** With its signature, base64, in lines of `width`; without a final line end. */
  signed(signature: string, width = 72): string {
    let lines = signature.slice(0, width);
    for (let at = width; at < signature.length; at += width) lines += fold + signature.slice(at, at + width);
    return this.#text.slice(0, this.#signatureAt) + lines + this.#text.slice(this.#signatureAt);
  }

  #begin(length: number): void {
    const isFirst = this.#text.endsWith(':') && this.#column === this.#text.length;
    if (!isFirst) this.#put(';');
    if (!isFirst && (this.#folds || this.#column + length + 2 > lineLength)) this.#fold();
    else this.#put(' ');
    this.#folds = false;
  }

  #fold(): void {
    this.#text += fold;
    this.#column = 1;
  }

  #put(text: string): void {
    this.#text += text;
    this.#column += text.length;
  }
}
