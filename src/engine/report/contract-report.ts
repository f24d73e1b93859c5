/** What happened to the contract steps after a run. */
export interface ContractReport {
  /** how many steps were done now */
  readonly done: number;
  /** the names of the steps that are still to be done */
  readonly open: readonly string[];
  /** why not all steps were done; null without an obstacle */
  readonly problem: string | null;
  /** the steps were stopped, or held: the same command goes on with them */
  readonly isStopped: boolean;
}
