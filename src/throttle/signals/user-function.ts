import { against } from "../amount.ts";
import { defineSignal, type Signal, SignalBlindError, utilizationOf } from "../signal.ts";
import { plain } from "./user-query.ts";

/** The number that a user's function returns, against a limit. */
export function userFunction({
  name,
  max,
  read,
}: {
  readonly name: string;
  readonly max: number;
  readonly read: () => number | Promise<number>;
}): Signal {
  return defineSignal({
    name: "function",
    everyMs: 2_000,
    onError: "hold",
    async read() {
      const value = await read();
      if (typeof value !== "number" || Number.isNaN(value))
        throw new SignalBlindError(`the function "${name}" returned no number`);
      return { utilization: utilizationOf(value, max), reason: `${name} ${against(value, max, plain)}` };
    },
  });
}
