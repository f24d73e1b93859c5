/** How the steps after a run stand. */
export interface ContractReport {
  /** steps that were done now */
  readonly done: number;
  /** the names of those that are still to be done */
  readonly open: readonly string[];
  /** why nothing was done, or not all; null where nothing stood against it */
  readonly problem: string | null;
  /** they were stopped, or it was not their time: the same goes on with them */
  readonly isStopped: boolean;
}
