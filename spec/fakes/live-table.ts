// A LiveTable for unit tests: what was appended and set, in order, readable.
import type { LiveTable, LuaValue } from '../../src/lua-api/value.ts';

export class FakeLiveTable implements LiveTable {
  readonly kind = 'live-table';
  readonly sequence: LuaValue[] = [];
  readonly fields = new Map<string, LuaValue>();
  released = false;

  append(value: LuaValue): void {
    if (this.released) throw new Error('append to a released table');
    this.sequence.push(value);
  }

  set(key: string, value: LuaValue): void {
    if (this.released) throw new Error('set in a released table');
    this.fields.set(key, value);
  }

  release(): void {
    this.released = true;
  }
}
