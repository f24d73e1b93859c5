import { against } from "../amount.ts";
import { type Reading, type Signal, utilizationOf } from "../signal.ts";

/** spirit's limit for a commit. */
const maxMs = 100;
const windowMs = 10_000;
const fewest = 5;

/** How long our commits take: disks and standbys show there first. Slows a run down, never stops it. */
export class CommitLatency implements Signal {
  readonly name = "commit latency";
  readonly everyMs = 500;
  readonly onError = "ignore";
  #commits: { readonly at: number; readonly ms: number }[] = [];

  /** Notes how long one commit took. */
  observe(milliseconds: number, at = performance.now()): void {
    this.#commits.push({ at, ms: milliseconds });
  }

  async read(): Promise<Reading | null> {
    const since = performance.now() - windowMs;
    this.#commits = this.#commits.filter(({ at }) => at >= since);
    if (this.#commits.length < fewest) return null;
    const sorted = this.#commits.map(({ ms }) => ms).toSorted((left, right) => left - right);
    const p90 = sorted[Math.ceil(sorted.length * 0.9) - 1] ?? 0;
    const utilization = utilizationOf(p90, maxMs, false);
    return {
      signal: this.name,
      utilization,
      reason: `commits take ${against(p90, maxMs, (ms) => `${Math.round(ms)} ms`)}`,
      onlyRestsHelp: true,
    };
  }
}
