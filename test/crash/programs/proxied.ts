import { afterEach, beforeEach, expect } from "vitest";
import type { TestDatabase } from "../../support/database.ts";
import { FaultProxy } from "../../support/fault-proxy.ts";
import type { Fault } from "../../support/fault-proxy-fault.ts";
import { until } from "../../support/until.ts";
import type { Work } from "./work.ts";

/** A new proxy before the database for each test of the calling file; `url` leads through it. */
export class Proxied {
  readonly #database: TestDatabase;
  #proxy: FaultProxy | undefined;

  constructor(database: TestDatabase) {
    this.#database = database;
    beforeEach(async () => {
      const { hostname, port } = new URL(database.url);
      this.#proxy = await FaultProxy.start({ host: hostname, port: Number(port || 5432) });
    });
    afterEach(async () => {
      await this.proxy.stop();
      expect(this.proxy.connections).toBe(0);
    });
  }

  get proxy(): FaultProxy {
    if (this.#proxy === undefined) throw new Error("The proxy exists only inside tests.");
    return this.#proxy;
  }

  get url(): string {
    return this.proxy.url(this.#database.url);
  }

  /** Waits until a fault has struck once; @throws when the run ends before that */
  async strike(work: Work, fault: Fault): Promise<void> {
    const armed = this.proxy.arm(fault);
    let isStruck = false;
    void armed.fired.then(() => {
      isStruck = true;
    });
    try {
      await until(async () => isStruck || work.failIfOver(`strike at ${fault.match}`), {
        describe: "a strike",
        everyMs: 2,
      });
    } finally {
      armed.disarm();
    }
  }
}

export const anyStatement = /(?:)/;

/** The statement that advances a range's checkpoint: the last of a batch before its commit. */
export const advanceStatement = /^(?:\/\*.*?\*\/)?\s*update "tidefill"\."range"\s+set checkpoint/;

/** Matches the first `then` statement after a `first` statement, on any connection. */
export class Following extends RegExp {
  readonly #first: RegExp;
  #isDue = false;

  constructor(first: RegExp, then: RegExp) {
    super(then);
    this.#first = first;
  }

  override [Symbol.search](statement: string): number {
    if (this.#first.test(statement)) this.#isDue = true;
    else if (this.#isDue && super[Symbol.search](statement) >= 0) {
      this.#isDue = false;
      return 0;
    }
    return -1;
  }
}

/** Matches the commit of a batch, but no other commit of the store, while one worker is working. */
export function batchCommit(): RegExp {
  return new Following(advanceStatement, /^commit$/);
}
