import { against } from "../amount.ts";
import { type Reading, type Signal, SignalBlindError, utilizationOf } from "../signal.ts";
import { plain } from "./user-query.ts";

/** A number that a function of the user's answers, against a limit. */
export class UserFunction implements Signal {
  readonly name = "function";
  readonly everyMs = 2_000;
  readonly onError = "hold";
  readonly #given: {
    readonly name: string;
    readonly max: number;
    readonly read: () => number | Promise<number>;
  };

  constructor(given: {
    readonly name: string;
    readonly max: number;
    readonly read: () => number | Promise<number>;
  }) {
    this.#given = given;
  }

  async read(): Promise<Reading> {
    const { name, max, read } = this.#given;
    const value = await read();
    if (typeof value !== "number" || Number.isNaN(value))
      throw new SignalBlindError(`the function "${name}" answered no number`);
    return {
      signal: this.name,
      utilization: utilizationOf(value, max),
      reason: `${name} ${against(value, max, plain)}`,
    };
  }
}
