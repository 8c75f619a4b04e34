// What TLS with clients is made of, as plain data: a process that may read the files hands it to others that may not.

/** A file that smtp-tls or smtp-tls-client-ca names, as it was read. */
export interface TlsFile {
  /** As the option names it. */
  readonly path: string;
  /** latin1 */
  readonly text: string;
  /** Every user of the machine may read it. */
  readonly isOpen: boolean;
}

export interface TlsMaterial {
  readonly files: readonly TlsFile[];
}

export const NO_MATERIAL: TlsMaterial = { files: [] };

/** Octets of the key that session tickets are sealed with, as Node takes it (48). */
export type TicketKey = Buffer;
