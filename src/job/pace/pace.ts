import { UsageError } from "../../errors.ts";
import { withoutPassword } from "../../postgres/connection/address.ts";
import { type Duration, parseDuration } from "./duration.ts";
import { Windows } from "./windows.ts";

/** How fast a run may go, by its job, the command line or `tidefill set`; tidefill decides the rest. */
export interface Pace {
  /** how long a batch should take; 250 ms by default */
  readonly batchTime?: Duration;
  /** rows read per second, by all processes together */
  readonly rowsPerSecond?: number;
  /** when the run may work: `"Mon-Fri 22:00-06:00 Europe/Berlin; Sat,Sun 00:00-24:00 Europe/Berlin"` */
  readonly window?: string;
}

/** A pace with the settings that belong to a run and not to a job. */
export interface RunPace extends Pace {
  /** ranges that each process works on at a time; 4 when absent */
  readonly workers?: number;
  /** standbys that must keep up, by `application_name` or address without password; when absent, all */
  readonly replica?: readonly string[];
  /** calls of another system that each process has under way */
  readonly callsAtOnce?: number;
  /** calls a second, by all processes together */
  readonly callsPerSecond?: number;
  /** names of signals to ignore: those that hold the run but are known to be harmless */
  readonly ignore?: readonly string[];
}

/** Checks every part of a pace. @throws UsageError that names the part and its allowed values */
export function checkPace<P extends RunPace>(pace: P): P {
  const { batchTime, rowsPerSecond, window, workers, callsAtOnce, callsPerSecond } = pace;
  if (batchTime !== undefined) batchTimeMsOf(batchTime);
  if (workers !== undefined && !(Number.isInteger(workers) && workers >= 1 && workers <= 64))
    throw new UsageError(`The number of workers must be a whole number from 1 to 64, got ${workers}.`);
  if (rowsPerSecond !== undefined && !(Number.isFinite(rowsPerSecond) && rowsPerSecond >= 1))
    throw new UsageError(`Rows per second must be a number from 1, got ${rowsPerSecond}.`, {
      remedy: "To stop for a while, pause the run.",
    });
  if (window !== undefined) Windows.parse(window);
  if (callsAtOnce !== undefined) checkCallsAtOnce(callsAtOnce);
  if (callsPerSecond !== undefined) checkCallsPerSecond(callsPerSecond);
  return pace;
}

/** How long a batch should take, in milliseconds. @throws UsageError */
export function batchTimeMsOf(batchTime: Duration): number {
  const milliseconds = parseDuration(batchTime);
  if (milliseconds >= 10 && milliseconds <= 5_000) return milliseconds;
  throw new UsageError(`The batch time must be between 10ms and 5s, got ${batchTime}.`, {
    remedy: "A batch holds row locks while it lasts; 250ms hardly delays other sessions.",
  });
}

/** @throws UsageError */
export function checkCallsPerSecond(perSecond: number): number {
  if (Number.isFinite(perSecond) && perSecond > 0 && perSecond <= 100_000) return perSecond;
  throw new UsageError(`Calls per second must be a number above 0, got ${String(perSecond)}.`, {
    remedy: "One call in ten seconds is 0.1. To stop for a while, pause the run.",
  });
}

/** @throws UsageError */
export function checkCallsAtOnce(atOnce: number): number {
  if (Number.isInteger(atOnce) && atOnce >= 1 && atOnce <= 1_000) return atOnce;
  throw new UsageError(`Calls at once must be a whole number from 1 to 1,000, got ${String(atOnce)}.`);
}

const fieldOf = {
  workers: "workers",
  "batch-time": "batchTime",
  "rows-per-second": "rowsPerSecond",
  window: "window",
  replica: "replica",
  ignore: "ignore",
  "at-once": "callsAtOnce",
  "calls-per-second": "callsPerSecond",
} as const;

type SettingName = keyof typeof fieldOf;

const names = Object.keys(fieldOf) as readonly SettingName[];
const numbers: readonly SettingName[] = ["workers", "rows-per-second", "at-once", "calls-per-second"];

/**
 * A change of pace as an operator types it: `workers=2 batch-time=100ms rows-per-second=5000
 * window="22:00-06:00 Europe/Berlin" replica=replica-a,replica-b ignore=archiver`. `name=default` resets a
 * setting and gives null. @throws UsageError
 */
export function parsePaceChange(words: readonly string[]): {
  readonly [Name in keyof RunPace]: RunPace[Name] | null;
} {
  const change: Record<string, string | number | readonly string[] | null> = {};
  for (const word of words) {
    const at = word.indexOf("=");
    const name = names.find((each) => each === word.slice(0, Math.max(0, at)));
    if (name === undefined) {
      throw new UsageError(`"${word}" is not a setting of a run.`, {
        remedy: `Write name=value with one of ${names.join(", ")}; name=default resets it.`,
      });
    }
    change[fieldOf[name]] = readValue(name, word.slice(at + 1));
  }
  if (words.length === 0)
    throw new UsageError("Nothing to set.", { remedy: "tidefill set <run> workers=2 batch-time=100ms" });
  checkPace(withoutNulls(change));
  return change;
}

/** A pace after a change; settings that the change does not name stay. */
export function changePace(
  pace: RunPace,
  change: { readonly [Name in keyof RunPace]: RunPace[Name] | null | undefined },
): RunPace {
  return checkPace(withoutNulls({ ...pace, ...Object.fromEntries(given(change)) }));
}

function readValue(name: SettingName, text: string): string | number | readonly string[] | null {
  if (text === "default") return null;
  if (name === "replica" || name === "ignore") return readList(name, text);
  if (numbers.includes(name)) {
    if (!/^-?[\d_,]+(\.\d+)?$/.test(text)) throw new UsageError(`${name} must be a number, got "${text}".`);
    return Number(text.replaceAll(/[_,]/g, ""));
  }
  return text;
}

function readList(name: string, text: string): readonly string[] {
  const parts = text.split(",").map((part) => part.trim());
  if (parts.includes("")) throw new UsageError(`${name} must be names joined by commas, got "${text}".`);
  return name === "replica" ? parts.map(withoutPassword) : parts.map((part) => part.replaceAll("-", " "));
}

function given(change: object): readonly (readonly [string, unknown])[] {
  return Object.entries(change).filter(([, value]) => value !== undefined);
}

function withoutNulls(pace: object): RunPace {
  return Object.fromEntries(given(pace).filter(([, value]) => value !== null)) as RunPace;
}
