import { OutgoingRows } from "../../sink/write/outgoing-rows.ts";
import type { Reject } from "../../store/rejects/rejects.ts";

/** A batch's rows, sorted by the transform's answers. */
export class Verdicts {
  readonly rows = new OutgoingRows();
  readonly rejects: Reject[] = [];
  skipped = 0;
  /** rows of a verify for which no answer of another system is kept */
  unanswered = 0;
  /** whether the transform returns promises, so that its time is spent on waiting, not on work */
  isAsync = false;
}
