/**
 * A fault and the statement that it strikes. In the extended protocol a statement is matched by its Parse and
 * struck at the first Execute after it; repeated executions of a named statement are not matched.
 */
export type Fault = {
  /** Tested against the SQL text. */
  readonly match: RegExp;
  /** Strike from the n-th match on; 1 if absent. */
  readonly after?: number;
  /** How many matches to strike; 1 if absent. */
  readonly times?: number;
  readonly action: FaultAction;
};

/**
 * - `swallow`: never reaches the server, whose side is closed at once; the client is reset a moment later
 * - `swallow-reply`: executed to its end, the reply withheld, then the client is reset
 * - `reset-before`: both sides are reset, the message is lost
 * - `reset-after`: forwarded, both sides reset without waiting: it may or may not be executed
 * - `blackhole`: from here on nothing flows either way and nothing is closed, until `resetAll()` or `stop()`
 * - `hold`: it and all that the client sends after it wait so many ms; it is delivered even if the client has gone
 */
export type FaultAction =
  | "swallow"
  | "swallow-reply"
  | "reset-before"
  | "reset-after"
  | "blackhole"
  | { readonly hold: number };

/** A fault that is armed. */
export type Armed = {
  /**
   * Settles at the first strike, or for `swallow-reply` when the server has answered or gone; never without a
   * match.
   */
  readonly fired: Promise<void>;
  /** Matches so far, struck or not. */
  readonly hits: number;
  /** Lets further matches pass; a strike in progress goes on. */
  disarm(): void;
};

/** The state of one armed fault, shared by all connections of a proxy. */
export class ArmedFault implements Armed {
  readonly action: FaultAction;
  readonly fired: Promise<void>;
  readonly #fault: Fault;
  #settle: () => void = () => {};
  #hits = 0;
  #disarmed = false;

  constructor(fault: Fault) {
    this.#fault = fault;
    this.action = fault.action;
    this.fired = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  get hits(): number {
    return this.#hits;
  }

  disarm(): void {
    this.#disarmed = true;
  }

  /** Counts a match, and returns whether to strike it. */
  strikes(sql: string): boolean {
    // search, not test: a global expression would remember where its last match ended.
    if (this.#disarmed || sql.search(this.#fault.match) < 0) return false;
    this.#hits += 1;
    const { after = 1, times = 1 } = this.#fault;
    return this.#hits >= after && this.#hits < after + times;
  }

  settle(): void {
    this.#settle();
  }
}
