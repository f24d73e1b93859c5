import type { KeyText } from "../../postgres/catalog/key.ts";
import type { OutgoingRow } from "../../sink/write/outgoing-row.ts";
import type { Reject } from "../../store/rejects/rejects.ts";

/** A batch's rows, sorted by the transform's answers. */
export class Verdicts {
  readonly rows: OutgoingRow[] = [];
  /** the keys of the source rows that were answered with rows: one, several or none */
  readonly keys: KeyText[] = [];
  readonly rejects: Reject[] = [];
  skipped = 0;
  /** rows of a verify for which no answer of another system is kept */
  unanswered = 0;
  /** whether the transform returns promises, so that its time is spent on waiting, not on work */
  isAsync = false;
}
