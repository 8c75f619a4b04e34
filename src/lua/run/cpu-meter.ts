// Processor time of one run of Lua: the sum of its stretches, each from the resume to the yield. Measured by the clock (cheap, and never
// less than the processor time); before a run is stopped the processor time of the process has the last word, so that a loaded machine
// stops nobody.

/** User and system time of the process, milliseconds. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** What a stretch has used at most when it is first asked whether it is overdue, milliseconds: the rest was the machine, that was busy. */
const UNMEASURED = 10;

export class CpuMeter {
  #limit = 0;
  /** Used before the present stretch. */
  #earlier = 0;
  /** When the present stretch began; 0 when Lua does not run, and until the first look in a run that has only begun. */
  #since = 0;
  /** Processor time of the process when the present stretch began; counted from half of the limit on, as it is dear to ask for. */
  #processor: number | undefined;
  /** What of the present stretch was before that. */
  #unmeasured = 0;
  #watching = false;
  #next = 0;

  /** A run begins; `limit` in milliseconds. */
  start(limit: number): void {
    this.#limit = limit;
    this.#earlier = 0;
    this.#since = 0;
    this.#unmeasured = 0;
    this.#watching = false;
    this.#processor = undefined;
    this.#next = limit / 2;
  }

  /** Lua goes on. */
  resume(now: number): void {
    this.#since = now;
    this.#unmeasured = 0;
    this.#processor = this.#watching ? processorTime() : undefined;
    if (this.#watching) this.#next = this.#limit;
  }

  /** Whether a stretch is being measured: then `pause` is due at its end. */
  get running(): boolean {
    return this.#since !== 0;
  }

  /** Lua has stopped running, for now or for good. */
  pause(now: number): void {
    if (this.#since === 0) return;
    this.#earlier += this.#stretch(now);
    this.#since = 0;
    this.#unmeasured = 0;
  }

  /** Processor time of the present stretch as far as it is known. */
  #stretch(now: number): number {
    const wall = now - this.#since;
    return this.#processor === undefined ? wall : Math.min(wall, processorTime() - this.#processor);
  }

  /** From here on the stretch is measured by processor time. */
  #watch(now: number): void {
    this.#unmeasured = Math.min(now - this.#since, UNMEASURED);
    this.#earlier += now - this.#since;
    this.#since = now;
    this.#processor = processorTime();
    this.#watching = true;
  }

  /** Called now and then while Lua runs; true when the run has used up its time. */
  exhausted(now: number): boolean {
    if (this.#since === 0) this.#since = now;
    const used = this.#earlier + now - this.#since;
    if (used < this.#next) return false;
    if (!this.#watching || this.#processor === undefined) {
      this.#watch(now);
      this.#next = Math.max(this.#limit, this.#earlier);
      return false;
    }
    const spent = this.#earlier + this.#stretch(now);
    if (spent >= this.#limit) return true;
    this.#next = used + (this.#limit - spent);
    return false;
  }

  /**
   * True when the present stretch, which should have ended, has used more than `bound` milliseconds. From the first call on it is measured by
   * processor time.
   */
  overdue(now: number, bound: number): boolean {
    if (this.#since === 0) return false;
    if (this.#processor === undefined) this.#watch(now);
    if (this.#unmeasured + now - this.#since < bound) return false;
    return this.#unmeasured + this.#stretch(now) >= bound;
  }
}
