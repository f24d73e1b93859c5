/** What a transform may return instead of a row. */
export class Verdict {
  readonly kind: "skip" | "reject";
  readonly reason: string | null;

  constructor(kind: "skip" | "reject", reason: string | null) {
    this.kind = kind;
    this.reason = reason;
    Object.freeze(this);
  }
}

/** There is nothing to do for this row: it is counted and left unchanged. */
export function skip(): Verdict {
  return new Verdict("skip", null);
}

/** This row cannot be transformed: it is rejected with this reason, which must not contain row values. */
export function reject(reason: string): Verdict {
  return new Verdict("reject", reason);
}
