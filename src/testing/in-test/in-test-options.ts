import type { WorkOptions } from "../../engine/options/work-options.ts";
import type { EventListener } from "../../engine/report/events.ts";
import { UsageError } from "../../errors.ts";
import type { TestDatabase } from "../database/test-database.ts";
import { StopAfter } from "./stop-after.ts";

export interface InTestOptions {
  readonly database: TestDatabase;
  /** stop after this many committed batches, as the first Ctrl-C would */
  readonly stopAfterBatches?: number | undefined;
  /** most rows of a batch; 10 when absent, so that a small table has several batches */
  readonly batchRows?: number | undefined;
  /** 1 when absent: batches come in the order of the key */
  readonly workers?: number | undefined;
  readonly onEvent?: EventListener | undefined;
}

const defaultBatchRows = 10;
/** Undo logs about persons are encrypted; those of a test hide nothing. */
const undoKeyOfTests = "known to everybody: for tests only";

/**
 * The engine's options in a test: few rows a batch, one worker, and nothing that holds it back.
 * @throws UsageError
 */
export function workOptions(options: InTestOptions): WorkOptions {
  const { database, stopAfterBatches, batchRows = defaultBatchRows, workers = 1, onEvent } = options;
  requireCount("batchRows", batchRows);
  const stop = new StopAfter(stopAfterBatches);
  return {
    connectionString: database.connectionString,
    workers,
    inTest: { batchRows },
    undoKey: process.env.TIDEFILL_UNDO_KEY ?? undoKeyOfTests,
    signal: stop.signal,
    onEvent: [...(onEvent === undefined ? [] : [onEvent]), (event) => stop.hear(event)],
  };
}

/** @throws UsageError for what is not a whole number from 1 */
export function requireCount(name: string, count: number): void {
  if (Number.isInteger(count) && count > 0) return;
  throw new UsageError(`${name} must be a whole number from 1, got ${count}.`);
}
