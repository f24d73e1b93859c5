export interface Outcome {
  readonly seconds: number;
  /** how many rows it says that it wrote; the oracle looks for itself */
  readonly rows: number;
  /** of the process that does the work, where that is a process of its own that can be watched */
  readonly peakMemoryBytes?: number;
}

/** One way to fill the word count of every essay. */
export interface Contestant {
  readonly name: string;
  /** one line for the table's note */
  readonly what: string;
  /** Runs on a tenth of a large table, since the whole would take too long; compared by rows per second. */
  readonly slow: boolean;
  /** Why it cannot run here; undefined when it can. */
  unavailable(): Promise<string | undefined>;
  /** What a user would have in place beforehand; not timed. */
  prepare?(databaseUrl: string): Promise<void>;
  run(databaseUrl: string): Promise<Outcome>;
}
