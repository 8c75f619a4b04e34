// npm node-clamav 1.0.11 has no types; only what the specs use.
declare module 'node-clamav' {
  interface Scanner {
    scanBuffer(buffer: Buffer, timeoutMs?: number, chunkSize?: number): Promise<string>;
  }
  const clamav: { createScanner(host: string, port: number): Scanner };
  export default clamav;
}
