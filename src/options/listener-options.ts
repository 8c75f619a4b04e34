// The options of each listener of smtp-listen, for whoever has to look at all of them before any of them listens.
import { type ListenFlag, readListenList } from './listen-list.ts';
import { OptionLayer } from './option-layer.ts';
import type { Options } from './options.ts';

export interface ListenerOptions {
  /** As a message names it. */
  readonly shown: string;
  readonly flags: ReadonlySet<ListenFlag>;
  readonly options: Options;
}

/** One for each place; without smtp-listen one for the only listener. */
export function listenerOptions(options: Options): readonly ListenerOptions[] {
  const read = readListenList(options.values['smtp-listen']);
  const places = read.kind === 'places' ? read.places : [];
  if (places.length === 0) return [{ shown: '', flags: new Set(), options }];
  return places.map(({ address = '*', flags, name, port }) => ({
    shown: name || `${address}:${port}`,
    flags,
    options: name === '' ? options : new OptionLayer(options, () => options.ofListener(name)),
  }));
}
