import { UsageError } from "../../errors.ts";

/** How many rejects stop a run: a number of rows, or a share of the rows read such as `"0.5%"`. */
export type RejectLimit = number | `${number}%`;

/** Rejects of a run so far, and the rows that it has read. */
export interface Standing {
  readonly rejects: number;
  /** those of the rejects that another session kept locked: the run tries them once more at its end */
  readonly locked: number;
  readonly read: number;
}

/** A share means nothing until this many rows were read. */
const fewestRows = 1_000;

/** The limit as it is stored with a run. @throws UsageError when it is invalid */
export function parseRejectLimit(given: RejectLimit | string): RejectLimit {
  const number = Number(String(given).replace(/%$/, ""));
  const isShare = String(given).endsWith("%");
  const isRight = isShare ? number >= 0 && number <= 100 : Number.isSafeInteger(number) && number >= 0;
  if (isRight && String(given).trim() !== "") return isShare ? `${number}%` : number;
  throw new UsageError(`A reject limit is a whole number of rows or a share such as 0.5%, got ${given}.`);
}

/** How far a run is when its rejects are counted. */
export type Moment = "reading" | "before retries" | "at the end";

/** Whether a run has too many rejects. Locked rows count only at the end. A limit of 100% is never exceeded. */
export function exceeds(limit: RejectLimit, standing: Standing, moment: Moment): boolean {
  const { read } = standing;
  const rejects = moment === "at the end" ? standing.rejects : standing.rejects - standing.locked;
  if (typeof limit === "number") return rejects > limit;
  const share = Number(limit.slice(0, -1)) / 100;
  if (share === 1 || (moment === "reading" && read < fewestRows)) return false;
  return rejects > 0 && rejects / Math.max(1, read) > share;
}

export const noRejects: Standing = { rejects: 0, locked: 0, read: 0 };

/** What has come since: the rows that were rejected before may have been freed meanwhile. */
export function since(before: Standing, { rejects, locked, read }: Standing): Standing {
  const fresh = Math.max(0, rejects - locked - (before.rejects - before.locked));
  return { rejects: fresh, locked: 0, read };
}

/** A limit that is never exceeded. */
export const noRejectLimit: RejectLimit = Number.MAX_SAFE_INTEGER;
