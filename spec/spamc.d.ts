// npm spamc 0.0.5 has no types; only what the specs use.
declare module 'spamc' {
  interface Answer {
    readonly responseCode: number;
    readonly isSpam?: boolean;
    readonly spamScore?: number;
    readonly baseSpamScore?: number;
    readonly matches?: readonly string[];
  }
  type Callback = (error: Error | null, answer: Answer) => void;
  class Spamc {
    constructor(host: string, port: number, timeoutSeconds?: number);
    check(message: string, done: Callback): void;
    symbols(message: string, done: Callback): void;
  }
  export default Spamc;
}
