import { UsageError } from "../../errors.ts";
import { type Duration, parseDuration } from "../pace/duration.ts";

/** The longest wait that a transform may ask for. */
const longestMs = 24 * 3_600_000;

/** The other system wants no calls for a while. The row is asked about again after that. */
export class Later {
  readonly waitMs: number;
  /** completes "the other system …" */
  readonly why: string;

  constructor(waitMs: number, why: string) {
    this.waitMs = Math.min(longestMs, Math.max(0, waitMs));
    // It is shown in a terminal and stored.
    this.why = String(why)
      .replaceAll(/[\p{C}\p{Z}]+/gu, " ")
      .slice(0, 100);
    Object.freeze(this);
  }
}

/**
 * No answer yet: the whole run makes no calls for that long, and then asks again. `wait` is a duration, a
 * number of seconds, or the text of a `Retry-After` header, seconds or a date. `why` completes "the other
 * system …" in the progress line. Does not count as an attempt.
 * @throws UsageError for a wait that is none of these
 */
export function later(wait: Duration | number | (string & {}), why = "asks to wait"): Later {
  const waitMs = waitMsOf(wait);
  if (Number.isFinite(waitMs)) return new Later(waitMs, why);
  throw new UsageError(`later("${String(wait)}") is not a time to wait.`, {
    remedy: 'Write a duration, or pass the header: later(answer.headers.get("retry-after") ?? "5s").',
  });
}

/** Milliseconds of a wait; NaN when it is none. */
export function waitMsOf(wait: unknown): number {
  if (typeof wait === "number") return wait < 0 ? Number.NaN : wait * 1_000;
  if (typeof wait !== "string") return Number.NaN;
  const text = wait.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  // A date of Retry-After (RFC 9110, section 10.2.3) is by the other system's clock: near enough.
  if (/^[A-Z][a-z]{2}, \d/.test(text)) return Date.parse(text) - Date.now();
  try {
    return parseDuration(text);
  } catch {
    return Number.NaN;
  }
}
