// What the primary process and its workers say to each other.
export type ToWorker =
  /** Stop accepting, let transactions finish, exit 0. */
  { readonly kind: 'drain' } | { readonly kind: 'reload' };

export type FromWorker =
  /** Accepts connections; `text` is the line for the terminal. */
  | { readonly kind: 'listening'; readonly text: string }
  /** Start another worker and let this one drain. */
  | { readonly kind: 'replace'; readonly reason: string };
