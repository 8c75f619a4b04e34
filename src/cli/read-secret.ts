// A password, from the terminal without showing it, or the first line of stdin.

/** Octets as latin1, without the line end; undefined: none came, or it is longer than `most`. A terminal asks with `prompt`. */
export async function readSecret(prompt: string, most: number): Promise<string | undefined> {
  const { stdin } = process;
  const isTerminal = stdin.isTTY === true;
  if (isTerminal) {
    process.stderr.write(prompt);
    stdin.setRawMode(true);
  }
  let line = Buffer.alloc(0);
  try {
    for await (const piece of stdin as AsyncIterable<Buffer>) {
      for (const octet of piece) {
        if (octet === 10 || (isTerminal && octet === 13)) return secretOf(line);
        // Control-C and control-D, as a terminal that shows what is typed would take them.
        if (isTerminal && (octet === 3 || octet === 4)) return undefined;
        const isErased = isTerminal && (octet === 127 || octet === 8);
        line = isErased ? line.subarray(0, -1) : Buffer.concat([line, Buffer.of(octet)]);
        if (line.length > most) return undefined;
      }
    }
    return line.length === 0 ? undefined : secretOf(line);
  } finally {
    if (isTerminal) {
      stdin.setRawMode(false);
      process.stderr.write('\n');
    }
  }
}

function secretOf(line: Buffer): string {
  const text = line.toString('latin1');
  return text.endsWith('\r') ? text.slice(0, -1) : text;
}
