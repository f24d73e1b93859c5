import { UsageError } from "../../errors.ts";
import { type Duration, parseDuration } from "../pace/duration.ts";
import { checkCallsPerSecond, type RunPace } from "../pace/pace.ts";

/** How a job asks other systems: outside of any transaction, and its answers are kept until they are used. */
export interface Calls {
  /** calls that a process has under way, across all its workers; 16 when absent */
  readonly atOnce?: number;
  /** calls a second, by all processes together */
  readonly perSecond?: number;
  /** how long one call may take; a minute when absent */
  readonly timeout?: Duration;
  /** how often a call is tried before its rows are rejected; 5 when absent */
  readonly attempts?: number;
  /** rows of one call of `transformBatch` */
  readonly rowsPerCall?: number;
  /** `"at most once"`: a call that may have been made is never repeated; for mails and payments */
  readonly effects?: "at least once" | "at most once";
  /** what one call costs: `"0.0004 USD"` */
  readonly cost?: string;
  /** for how long answers stay after they are written, so that a verify can compare with them */
  readonly keepAnswers?: Duration;
}

/** The price of one call. */
export interface CallCost {
  readonly amount: number;
  readonly currency: string;
}

/** The same with every default filled in. */
export interface CallRules {
  readonly atOnce: number;
  /** null without a limit */
  readonly perSecond: number | null;
  readonly timeoutMs: number;
  readonly attempts: number;
  /** null where the transform takes one row */
  readonly rowsPerCall: number | null;
  readonly isAtMostOnce: boolean;
  readonly cost: CallCost | null;
  /** null where an answer is dropped with the batch that writes it */
  readonly keepAnswersMs: number | null;
}

/** The limits of a job's calls, as its runs begin with them. */
export function paceOfCalls(calls: CallRules | null | undefined): RunPace {
  if (calls == null) return {};
  const { atOnce, perSecond } = calls;
  return { callsAtOnce: atOnce, ...(perSecond === null ? {} : { callsPerSecond: perSecond }) };
}

/** Checks every part. @throws UsageError that says which values are allowed */
export function checkCalls(job: string, calls: Calls): CallRules {
  requireKnown(job, calls);
  const isAtMostOnce = oneOf(job, calls.effects) === "at most once";
  if (isAtMostOnce && (calls.attempts ?? 1) > 1) {
    throw new UsageError(`Job ${job} allows ${calls.attempts} attempts, and effects "at most once".`, {
      remedy: "A call that must not be made twice has one attempt: leave out `attempts`.",
    });
  }
  const rowsPerCall = calls.rowsPerCall === undefined ? null : whole(job, "rowsPerCall", calls);
  return {
    atOnce: whole(job, "atOnce", calls),
    perSecond: calls.perSecond === undefined ? null : checkCallsPerSecond(calls.perSecond),
    timeoutMs: duration(job, "timeout", calls.timeout ?? "60s"),
    attempts: isAtMostOnce ? 1 : whole(job, "attempts", calls),
    rowsPerCall,
    isAtMostOnce,
    cost: calls.cost === undefined ? null : parseCost(job, calls.cost),
    keepAnswersMs: calls.keepAnswers === undefined ? null : duration(job, "keepAnswers", calls.keepAnswers),
  };
}

const known = [
  "atOnce",
  "perSecond",
  "timeout",
  "attempts",
  "rowsPerCall",
  "effects",
  "cost",
  "keepAnswers",
] as const satisfies readonly (keyof Calls)[];

/** A misspelt limit would be no limit. */
function requireKnown(job: string, calls: unknown): void {
  const remedy = `It may have ${known.join(", ")}; \`calls: {}\` takes the defaults.`;
  if (typeof calls !== "object" || calls === null)
    throw new UsageError(`\`calls\` of job ${job} must be an object, got ${String(calls)}.`, { remedy });
  const strange = Object.keys(calls).find((name) => !known.some((each) => each === name));
  if (strange !== undefined)
    throw new UsageError(`\`calls\` of job ${job} has no option \`${strange}\`.`, { remedy });
}

const limits = {
  atOnce: { most: 1_000, fallback: 16 },
  attempts: { most: 100, fallback: 5 },
  rowsPerCall: { most: 10_000, fallback: 1 },
} as const;

function whole(job: string, name: keyof typeof limits, calls: Calls): number {
  const { most, fallback } = limits[name];
  const value = calls[name] ?? fallback;
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new UsageError(
    `\`calls.${name}\` of job ${job} must be a whole number from 1 to ${most.toLocaleString("en")}, got ${String(value)}.`,
    { remedy: `Write calls: { ${name}: 8 }.` },
  );
}

function duration(job: string, name: "timeout" | "keepAnswers", text: Duration): number {
  const milliseconds = parseDuration(text);
  const [least, most] = name === "timeout" ? [100, 3_600_000] : [60_000, 3_650 * 86_400_000];
  if (milliseconds >= least && milliseconds <= most) return milliseconds;
  throw new UsageError(
    `\`calls.${name}\` of job ${job} must be ${name === "timeout" ? "from 100ms to 1h" : "from 1m to 3650d"}, got ${text}.`,
  );
}

function oneOf(job: string, effects: unknown): Calls["effects"] {
  if (effects === undefined || effects === "at least once" || effects === "at most once") return effects;
  throw new UsageError(
    `\`calls.effects\` of job ${job} must be "at least once" or "at most once", got ${JSON.stringify(effects)}.`,
  );
}

function parseCost(job: string, text: string): CallCost {
  const [, amount, currency] = /^(\d+(?:\.\d+)?)\s+([A-Za-z]{1,12})$/.exec(text) ?? [];
  if (amount !== undefined && currency !== undefined) return { amount: Number(amount), currency };
  throw new UsageError(`\`calls.cost\` of job ${job} must be a number and a currency, got "${text}".`, {
    remedy: 'Write what one call costs: cost: "0.0004 USD".',
  });
}
