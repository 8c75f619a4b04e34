// What functions of Rumble know about the script of option load-script that calls them. Policies have no such thing.
import { Capability } from '../../base/capability.ts';
import type { LuaRef } from '../../lua-api/value.ts';

/** Moments of a session at which functions of scripts are called. */
export const hookPlaces = ['accept', 'command', 'close'] as const;
export type HookPlace = (typeof hookPlaces)[number];

/** What became of a wish for a service. */
export type ServiceWish =
  /** `isFirst`: in this process; the others are told that there is another. */
  | { readonly kind: 'created'; readonly isFirst: boolean }
  /** The port cannot be had. */
  | { readonly kind: 'refused' };

/** What a script asks for while its file level runs. */
export interface Registrar {
  /** `command`: a verb of SMTP in lower case; undefined: every command. True in the process that has read the scripts first. */
  setHook(func: LuaRef, place: HookPlace, command: string | undefined): boolean;
  /** `port` 0: a free one. */
  createService(func: LuaRef, port: number, threads: number): Promise<ServiceWish>;
}

/** Whom a call is for. */
export interface CallClient {
  /** Aborts when its connection is closed on both sides: nobody hears of anything any more. */
  readonly gone: AbortSignal;
  /** Cuts the call off. */
  cut(): void;
}

export interface RumbleCaller {
  /** Of the script, as the option names it. */
  readonly path: string;
  /** Undefined once its file level has run. */
  readonly registrar: Registrar | undefined;
  /** Of a call into a service; hooks of sessions are cut off with their session. */
  readonly client: CallClient | undefined;
}

export const RUMBLE = new Capability<RumbleCaller>('Rumble script');
