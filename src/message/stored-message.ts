// A received message as others read it: unstuffed, line ends CRLF. In memory while small and nobody looks; a private file as soon as
// somebody can look at it. Implemented by message/spool.ts.
//
// It must never change under who reads it but by the policy's own hand (message/received-file.ts), nor be read once its transaction is over.
export interface StoredMessage {
  /** client.msg_file; '' when option spool-dir is empty. The file need not exist before onDisk. */
  readonly path: string;
  /** Bytes stored so far. */
  readonly size: number;
  /** Bytes that `read` gives: a policy may have changed the file. Without it: `size`. */
  sizeNow?(): Promise<number>;
  /** Another text when the content may be another one: a policy or a service has changed it. Without it: never. */
  state?(): Promise<string>;
  /** Makes the file exist with everything received so far. From then on the file is the truth. */
  onDisk(): Promise<void>;
  /** The same for the moment when Lua itself opens the path (bounded: what is beyond the memory limit is already on disk). */
  onDiskSync(): void;
  /** The message in order, from byte `start`. In memory: one turn; on disk: read piece by piece. */
  read(start?: number): AsyncIterable<Buffer>;
  /** The pieces when the message is in memory only, without copying; undefined once it is on disk. */
  readonly pieces: readonly Buffer[] | undefined;
}

/** Finds the message behind a path that a policy names (smtp.sendfile, service.clamd, io.open ...). */
export interface SpoolDirectory {
  find(path: string): StoredMessage | undefined;
}
