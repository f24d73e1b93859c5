/** Something that fills the word counts beside an application, as fast as it may. */
export interface Neighbour {
  readonly name: string;
  /** Begins to work on the database; `rowsPerSecond` is null where nothing limits it. */
  begin(databaseUrl: string, rowsPerSecond: number | null): Promise<Begun>;
}

/** A neighbour at work. */
export interface Begun {
  /** resolves once it has done all essays, or was killed; rejects when it failed before */
  readonly ended: Promise<void>;
  kill(): Promise<void>;
}

/** A limit of rows a second is spread over so many batches. */
const batchesPerSecond = 4;

/** Rows of a batch for neighbours that are written by hand: their usual number, or fewer under a limit. */
export function batchRows(usual: number, rowsPerSecond: number | null): number {
  return rowsPerSecond === null ? usual : Math.min(usual, Math.ceil(rowsPerSecond / batchesPerSecond));
}
