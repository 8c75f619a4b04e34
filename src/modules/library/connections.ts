// What a connection of a client has open to others by its policy: a bound on their number, and an end of all of them with it.
import type { CallContext, Slot } from '../../lua-api/call-context.ts';
import type { TcpStream } from '../../service/tcp-stream.ts';

class Connections {
  readonly #open = new Set<TcpStream>();
  /** On their way. */
  #coming = 0;
  #over = false;

  get count(): number {
    for (const stream of this.#open) if (stream.closed) this.#open.delete(stream);
    return this.#open.size + this.#coming;
  }

  begin(): void {
    this.#coming += 1;
  }

  end(stream: TcpStream | undefined): void {
    this.#coming -= 1;
    if (stream === undefined) return;
    if (this.#over) stream.close();
    else this.#open.add(stream);
  }

  closeAll(): void {
    this.#over = true;
    for (const stream of this.#open) stream.close();
    this.#open.clear();
  }
}

const slot: Slot<Connections> = {
  name: 'connections',
  create: () => new Connections(),
  dispose: (connections) => connections.closeAll(),
};

export const connectionsOf = (context: CallContext): Connections => context.slot(slot);
