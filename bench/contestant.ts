export interface Outcome {
  readonly seconds: number;
  /** how many rows it claims to have written; the oracle checks for itself */
  readonly rows: number;
  /** of the process that does the work, where that is a separate process that can be watched */
  readonly peakMemoryBytes?: number;
  /** of the same process */
  readonly processorSeconds?: number;
}

/** What the database must look like afterwards. */
export type Task =
  /** every essay has its word count, split at spaces */
  | "word count"
  /** every essay has its word count, split by a regular expression */
  | "word count by regexp"
  /** every essay is in `essay_copy`, too */
  | "copy"
  /** no essay has a word count */
  | "undo"
  /** as before, every word count right */
  | "compare";

/** One way to do a task with every essay. */
export interface Contestant {
  readonly name: string;
  /** one line for the table's note */
  readonly what: string;
  /** what it does; the word count when absent */
  readonly task?: Task;
  /** Runs on a tenth of a large table, since the whole would take too long; compared by rows per second. */
  readonly slow: boolean;
  /** Why it cannot run here; undefined when it can. */
  unavailable(): Promise<string | undefined>;
  /** What a user would have in place beforehand; not timed. */
  prepare?(databaseUrl: string): Promise<void>;
  run(databaseUrl: string): Promise<Outcome>;
}
