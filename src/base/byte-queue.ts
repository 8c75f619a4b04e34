// Octets that have come and are not taken yet: a list of chunks. Each octet is looked at once for a line and moved once when it is taken,
// whatever pieces they come in.

const newline = 10;

export class ByteQueue {
  #chunks: Buffer[] = [];
  /** The first chunk that is not taken, and how much of it is. */
  #head = 0;
  #taken = 0;
  /** Chunks before this one have no newline; they are `#searchedBytes` octets, those that are taken not counted. */
  #searched = 0;
  #searchedBytes = 0;
  length = 0;

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.length += chunk.length;
  }

  /** The length of the first line with its newline; 0 when there is no newline. */
  lineLength(): number {
    while (this.#searched < this.#chunks.length) {
      const chunk = this.#chunks[this.#searched];
      if (chunk === undefined) return 0;
      const start = this.#searched === this.#head ? this.#taken : 0;
      const at = chunk.indexOf(newline, start);
      if (at >= 0) return this.#searchedBytes + at - start + 1;
      this.#searchedBytes += chunk.length - start;
      this.#searched += 1;
    }
    return 0;
  }

  /** Up to `count` octets off the front, as latin1 text. */
  take(count: number): string {
    const pieces: string[] = [];
    let left = Math.min(count, this.length);
    this.length -= left;
    while (left > 0) {
      const chunk = this.#chunks[this.#head];
      if (chunk === undefined) break;
      const end = Math.min(chunk.length, this.#taken + left);
      pieces.push(chunk.toString('latin1', this.#taken, end));
      left -= end - this.#taken;
      this.#taken = end;
      if (end < chunk.length) break;
      this.#taken = 0;
      this.#head += 1;
    }
    this.#dropTaken();
    return pieces.join('');
  }

  /** The first `count` octets, left where they are. */
  peek(count: number): string {
    const pieces: string[] = [];
    let left = count;
    let from = this.#taken;
    for (let i = this.#head; left > 0 && i < this.#chunks.length; i++) {
      const text = this.#chunks[i]?.toString('latin1', from, from + left) ?? '';
      pieces.push(text);
      left -= text.length;
      from = 0;
    }
    return pieces.join('');
  }

  clear(): void {
    this.#chunks = [];
    this.#head = 0;
    this.#taken = 0;
    this.#searched = 0;
    this.#searchedBytes = 0;
    this.length = 0;
  }

  #dropTaken(): void {
    if (this.#head > 64 && this.#head * 2 > this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#head);
      this.#head = 0;
    }
    this.#searched = this.#head;
    this.#searchedBytes = 0;
  }
}
