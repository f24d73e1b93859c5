import { setMaxListeners } from "node:events";
import { UsageError } from "../../errors.ts";
import type { CallRules } from "../../job/definition/calls.ts";
import type { Transform } from "../../job/definition/define-job.ts";
import { Later, waitMsOf } from "../../job/definition/later.ts";
import type { TextRow } from "../../source/readable-source.ts";
import { type RowAnswer, type RowAnswers, Thrown } from "../rows/row-answers.ts";

/** A row that another system is asked about. */
export interface AskedRow {
  readonly row: TextRow;
  readonly key: readonly string[];
  /** its name in answer tables: `answerId` of the key */
  readonly id: string;
  /** a hash of what is asked about */
  readonly input: string;
}

/** How one call ended. */
export interface CallResult {
  readonly outcome: "answered" | "failed" | "timed out" | "told to wait";
  readonly answers: readonly { readonly asked: AskedRow; readonly answer: RowAnswer }[];
  /** the rows that have no answer yet */
  readonly rest: readonly AskedRow[];
  /** what the other system said; null where it did not ask to wait */
  readonly later: Later | null;
  /** why it failed, without a person's values */
  readonly reason: string | null;
  /** whether another attempt would not help */
  readonly isFinal: boolean;
}

/** What stays the same from call to call. */
export interface Calling {
  readonly transform: Transform;
  readonly rules: CallRules;
  readonly rowAnswers: RowAnswers;
  readonly parameters: object;
}

/** How long calls under way may still take when the run stops: what they answer is paid for. */
const graceMs = 5_000;

/** Calls the transform for one row, or with `rowsPerCall` for several, and reads what it answers. */
export async function call(
  { transform, rules, rowAnswers, parameters }: Calling,
  asked: readonly AskedRow[],
  {
    idempotencyKey,
    attempt,
    stop,
  }: {
    readonly idempotencyKey: string;
    readonly attempt: number;
    readonly stop: AbortSignal;
  },
): Promise<CallResult> {
  const abort = new AbortController();
  setMaxListeners(0, abort.signal);
  const context = { parameters, signal: abort.signal, idempotencyKey, attempt };
  const answered = (async () => {
    try {
      const decoded = asked.map(({ row }) => rowAnswers.decode(row));
      return { value: await transform(rules.rowsPerCall === null ? (decoded[0] ?? {}) : decoded, context) };
    } catch (error) {
      return { value: new Thrown(error) };
    }
  })();
  const settled = await inTime(answered, rules.timeoutMs, stop);
  if (settled === undefined) {
    abort.abort();
    const reason = `no answer within ${rules.timeoutMs / 1_000} s`;
    return { ...nothing, outcome: "timed out", rest: asked, reason };
  }
  try {
    return resultOf(asked, settled.value, rules, rowAnswers);
  } catch (error) {
    // What a transform returns or throws is user code, too, and may throw when it is looked at.
    return { ...nothing, outcome: "failed", rest: asked, reason: reasonOf(error, rowAnswers) };
  }
}

const nothing = { answers: [], rest: [], later: null, reason: null, isFinal: false } as const;

function reasonOf(error: unknown, rowAnswers: RowAnswers): string {
  return rowAnswers.threw(error).replace(/^the transform threw:? /, "");
}

/** What `answered` resolves to; undefined when that takes too long, or longer than a stop waits. */
async function inTime<T>(answered: Promise<T>, timeoutMs: number, stop: AbortSignal): Promise<T | undefined> {
  const timers: NodeJS.Timeout[] = [];
  let onStop = (): void => {};
  try {
    return await new Promise<T | undefined>((resolve) => {
      const end = (): void => resolve(undefined);
      onStop = () => timers.push(setTimeout(end, graceMs));
      timers.push(setTimeout(end, timeoutMs));
      if (stop.aborted) onStop();
      else stop.addEventListener("abort", onStop, { once: true });
      void answered.then(resolve);
    });
  } finally {
    for (const timer of timers) clearTimeout(timer);
    stop.removeEventListener("abort", onStop);
  }
}

function resultOf(
  asked: readonly AskedRow[],
  value: unknown,
  { rowsPerCall }: CallRules,
  rowAnswers: RowAnswers,
): CallResult {
  const later = value instanceof Thrown ? laterOf(value.error) : value instanceof Later ? value : null;
  if (later !== null) return { ...nothing, outcome: "told to wait", rest: asked, later };
  if (value instanceof Thrown)
    return {
      ...nothing,
      outcome: "failed",
      rest: asked,
      reason: reasonOf(value.error, rowAnswers),
      // A mistake in the job's own code is the same the next time.
      isFinal: value.error instanceof UsageError,
    };
  const values = rowsPerCall === null ? [value] : value;
  const wrong = wrongCount(values, asked.length);
  if (wrong !== null) return { ...nothing, outcome: "failed", rest: asked, reason: wrong, isFinal: true };
  const each = asked.map((row, at) => ({ asked: row, value: (values as readonly unknown[])[at] }));
  const postponed = each.filter((one) => one.value instanceof Later);
  return {
    ...nothing,
    outcome: postponed.length === 0 ? "answered" : "told to wait",
    answers: each
      .filter((one) => !(one.value instanceof Later))
      .map((one) => ({ asked: one.asked, answer: rowAnswers.read(one.asked.row, one.value) })),
    rest: postponed.map((one) => one.asked),
    later: longest(postponed.map((one) => one.value as Later)),
  };
}

function wrongCount(values: unknown, expected: number): string | null {
  if (!Array.isArray(values)) return "transformBatch returned no array";
  if (values.length === expected) return null;
  const [given, rows] = [values.length, expected].map(
    (count, at) => `${count} ${at === 0 ? "answer" : "row"}${count === 1 ? "" : "s"}`,
  );
  return `transformBatch returned ${given} for ${rows}`;
}

function longest(waits: readonly Later[]): Later | null {
  return waits.reduce<Later | null>(
    (most, each) => (most === null || each.waitMs > most.waitMs ? each : most),
    null,
  );
}

/** Without a header, how long to wait after a 429. */
const defaultWaitMs = 5_000;

/** Clients of APIs throw errors with the status, and mostly the headers, of a 429 (RFC 6585, section 4). */
function laterOf(error: unknown): Later | null {
  if (typeof error !== "object" || error === null) return null;
  const { status, statusCode, headers, response } = error as ClientError;
  if (status !== 429 && statusCode !== 429 && response?.status !== 429) return null;
  const all = headers ?? response?.headers;
  const header = typeof all?.get === "function" ? all.get("retry-after") : all?.["retry-after"];
  const waitMs = waitMsOf(header);
  return new Later(Number.isFinite(waitMs) ? waitMs : defaultWaitMs, "answers 429");
}

type AnyHeaders = { readonly get?: unknown } & Readonly<Record<string, unknown>>;

/** As fetch wrappers, axios and the clients of model APIs make them. */
interface ClientError {
  readonly status?: unknown;
  readonly statusCode?: unknown;
  readonly headers?: AnyHeaders;
  readonly response?: { readonly status?: unknown; readonly headers?: AnyHeaders };
}
