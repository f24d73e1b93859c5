interface Sample {
  /** from when and until when the primary was seen at `position`, in milliseconds of a monotonic clock */
  readonly at: number;
  until: number;
  /** bytes of WAL since the cluster began */
  readonly position: number;
}

/** How long samples are kept. The lag of a replica that is further behind is unknown. */
const keptMs = 3_600_000;
const sampleMs = 200;

/**
 * Remembers when the primary's WAL reached which position. Turns a replica's position into a lag without the
 * replica's clock and without writing a heartbeat. `replay_lag` cannot: it freezes while replay is paused,
 * and stays above 0 when there is nothing left to replay.
 */
export class LsnHistory {
  #samples: Sample[] = [];

  get isEmpty(): boolean {
    return this.#samples.length === 0;
  }

  /** Notes the primary's position; `at` as in `Sample`. */
  note(position: number, at: number): void {
    const last = this.#samples.at(-1);
    // An idle primary does not age its replicas.
    if (last !== undefined && position <= last.position) last.until = at;
    if (last !== undefined && (position <= last.position || at - last.at < sampleMs)) return;
    this.#samples.push({ position, at, until: at });
    const oldest = at - keptMs;
    if ((this.#samples[0]?.at ?? at) < oldest)
      this.#samples = this.#samples.filter((sample) => sample.at >= oldest);
  }

  /**
   * The lag in seconds of a replica that has replayed up to `position`: how long ago the primary wrote what
   * the replica lacks, interpolated between samples. 0 when it lacks nothing that was noted; null when it
   * lacks WAL from before the first sample, whose age is unknown.
   */
  secondsBehind(position: number, at: number): number | null {
    const [first] = this.#samples;
    if (first !== undefined && position < first.position) return null;
    const next = this.#samples.findIndex((sample) => sample.position > position);
    const [before, missing] = [this.#samples[next - 1], this.#samples[next]];
    if (before === undefined || missing === undefined) return 0;
    const share = (position - before.position) / (missing.position - before.position);
    return (at - before.until - share * (missing.at - before.until)) / 1_000;
  }
}
