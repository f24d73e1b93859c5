interface Sample {
  /** milliseconds of a clock that only goes forward, from when and until when the primary was seen there */
  readonly at: number;
  until: number;
  /** bytes of WAL since the cluster began */
  readonly position: number;
}

/** Samples are kept for so long; a replica that is further behind is told to be at least that late. */
const keptMs = 3_600_000;
const sampleMs = 200;

/**
 * When the primary's WAL was where: turns a replica's position into a time, without a clock on the replica and without writing
 * a heartbeat. `replay_lag` cannot: it stands still while replay is paused, and lives on when there is nothing left to replay.
 */
export class LsnHistory {
  #samples: Sample[] = [];

  get isEmpty(): boolean {
    return this.#samples.length === 0;
  }

  /** Notes where the primary is now. */
  note(position: number, at: number): void {
    const last = this.#samples.at(-1);
    // An idle primary writes nothing that somebody could lag behind.
    if (last !== undefined && position <= last.position) last.until = at;
    if (last !== undefined && (position <= last.position || at - last.at < sampleMs)) return;
    this.#samples.push({ position, at, until: at });
    const oldest = at - keptMs;
    if ((this.#samples[0]?.at ?? at) < oldest)
      this.#samples = this.#samples.filter((sample) => sample.at >= oldest);
  }

  /**
   * Seconds by which a replica that has replayed up to `position` is behind: how long ago the primary wrote what it has not
   * replayed yet, estimated between the moments at which that was looked at. 0 when it has replayed all that was noted; null
   * when it lacks what was there before anything was noted, so that nobody can tell how old that is.
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
