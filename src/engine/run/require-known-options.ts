import { didYouMean } from "../../did-you-mean.ts";
import { UsageError } from "../../errors.ts";
import type { WorkOptions } from "../options/work-options.ts";

/** Every name of `WorkOptions`. The compiler reports a missing one. */
const workOptions: Readonly<Record<keyof WorkOptions, true>> = {
  connectionString: true,
  password: true,
  schema: true,
  workers: true,
  window: true,
  exitWhenClosed: true,
  until: true,
  replicas: true,
  lease: true,
  signal: true,
  onEvent: true,
  onStep: true,
  files: true,
  beforeLeaving: true,
  request: true,
  rejectLimit: true,
  undoKey: true,
  inTest: true,
};

const notForCallers = ["inTest", "files", "beforeLeaving", "request"];

/** Refuses a mistyped option, which would otherwise be ignored silently. @throws UsageError */
export function requireKnownOptions(call: string, options: object, own: readonly string[]): void {
  const names = [...Object.keys(workOptions), ...own];
  const stranger = Object.keys(options).find((name) => !names.includes(name));
  if (stranger === undefined) return;
  throw new UsageError(`${call} has no option "${stranger}".`, {
    remedy: `${didYouMean(stranger, names)}It has: ${names.filter((name) => !notForCallers.includes(name)).join(", ")}.`,
  });
}
