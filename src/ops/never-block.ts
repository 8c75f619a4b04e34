// Keeps writing to stdout and stderr from waiting for whoever reads. Node opens pipes and sockets so that it does not, but that belongs to
// all processes that share them, and starting any program with the same stderr makes it wait again for all (libuv does so in the child).

interface Handle {
  /** Of Node's pipe and socket handles; sets whether the system call may wait. */
  setBlocking?(blocking: boolean): number;
}

/** To be called before each write to a stream that others share. Files and terminals are left as they are. */
export function neverBlock(stream: object): void {
  const handle = (stream as { readonly _handle?: Handle | null })._handle;
  if ('isTTY' in stream && stream.isTTY === true) return;
  handle?.setBlocking?.(false);
}
