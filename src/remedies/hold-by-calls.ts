import type { Hold } from "./hold.ts";

/** Most calls fail now; `reason` is that of the last one. */
export function holdByFailingCalls(reason: string, run: string): Hold {
  return {
    kind: "slowed down",
    reason: `calls of the other system fail: ${reason}`,
    remedy: `each is tried again, and then its row is rejected; to stop: tidefill pause ${run}`,
  };
}

/** Another system wants no calls for so many milliseconds; `why` completes "the other system …". */
export function holdByCalls({ ms, why }: { readonly ms: number; readonly why: string }, run: string): Hold {
  return {
    kind: "slowed down",
    reason: `the other system ${why}, again in ${Math.max(1, Math.ceil(ms / 1_000))} s`,
    remedy: `it goes on by itself; to ask less often: tidefill set ${run} calls-per-second=<number>`,
    cause: "calls paused",
  };
}
