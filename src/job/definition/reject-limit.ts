import { UsageError } from "../../errors.ts";

/** How many rejects stop a run: a number of rows, or a share of the rows read such as `"0.5%"`. */
export type RejectLimit = number | `${number}%`;

/** Rejects of a run so far, and the rows that it has read. */
export interface Standing {
  readonly rejects: number;
  readonly read: number;
}

/** A share says nothing before so many rows were read. */
const fewestRows = 1_000;

/** The limit as it is kept with a run. @throws UsageError for what is none */
export function parseRejectLimit(given: RejectLimit | string): RejectLimit {
  const number = Number(String(given).replace(/%$/, ""));
  const isShare = String(given).endsWith("%");
  const isRight = isShare ? number >= 0 && number <= 100 : Number.isSafeInteger(number) && number >= 0;
  if (isRight && String(given).trim() !== "") return isShare ? `${number}%` : number;
  throw new UsageError(`A reject limit is a whole number of rows or a share such as 0.5%, got ${given}.`);
}

/** Whether a run has more rejects than it may have; `isOver` once all rows are read. All of the rows are never too many. */
export function exceeds(limit: RejectLimit, { rejects, read }: Standing, isOver: boolean): boolean {
  if (typeof limit === "number") return rejects > limit;
  const share = Number(limit.slice(0, -1)) / 100;
  if (share === 1 || (!isOver && read < fewestRows)) return false;
  return rejects > 0 && rejects / Math.max(1, read) > share;
}

/** No number of rejects is too many. */
export const noRejectLimit: RejectLimit = Number.MAX_SAFE_INTEGER;
