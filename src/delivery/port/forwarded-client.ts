// The client whose message is handed on, as far as a next hop may be told (options smtp-forward-xclient, smtp-forward-proxy).

export interface ForwardedClient {
  readonly address: string;
  /** 0 when it is not known. */
  readonly port: number;
  /** Where it was accepted. */
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  /** A name that is confirmed by DNS. */
  readonly host: string | undefined;
  /** '' before one was said; latin1, a stranger's text. */
  readonly helo: string;
  readonly protocol: 'SMTP' | 'ESMTP';
  /** Who it has proved to be; latin1. */
  readonly login: string | undefined;
}
