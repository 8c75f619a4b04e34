// A socket that goes on reading when writing failed. A scanner that has had enough answers and closes while we are still sending
// (clamd: "INSTREAM size limit exceeded"); node's socket would be destroyed by the failed write and the answer lost with it.
import { Socket } from 'node:net';

type Done = (error?: Error | null) => void;

export class ReplySocket extends Socket {
  /** Why writing failed; what was written since went nowhere. */
  writeError: Error | undefined;

  constructor() {
    super({ allowHalfOpen: true });
    // Between one owner and the next (connecting, storing the message, asking) nobody else listens: an error then must not be an
    // uncaught one. Whoever takes the socket over looks at `errored`.
    this.on('error', () => undefined);
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, callback: Done): void {
    if (this.writeError !== undefined) {
      callback();
      return;
    }
    super._write(chunk, encoding, (error) => this.#written(error, callback));
  }

  override _writev(chunks: { chunk: Buffer; encoding: BufferEncoding }[], callback: Done): void {
    if (this.writeError !== undefined) {
      callback();
      return;
    }
    // biome-ignore lint/complexity/useLiteralKeys: net.Socket has it, its type calls it optional
    super['_writev']?.(chunks, (error) => this.#written(error, callback));
  }

  #written(error: Error | null | undefined, callback: Done): void {
    if (error) this.writeError ??= error;
    callback();
  }
}
