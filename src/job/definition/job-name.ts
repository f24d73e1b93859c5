import { UsageError } from "../../errors.ts";

const maxNameLength = 63;

/** @throws UsageError where it is not a valid job name; the remedy suggests one */
export function requireJobName(name: string): void {
  if (/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) && name.length <= maxNameLength) return;
  const better = suggestJobName(name);
  throw new UsageError(`"${name}" is not a job's name.`, {
    remedy: `Use lower-case words joined by hyphens, at most ${maxNameLength} characters: "${better ?? "fill-word-count"}".`,
  });
}

/**
 * Requires a name that says what the job does; a number at its beginning must be a date.
 * @throws UsageError whose remedy suggests `telling`, a name made from what is known of the job
 */
export function requireTellingName(name: string, telling: string): void {
  requireJobName(name);
  const [first = "", ...rest] = name.split("-");
  const isNumbered = /^\d+$/.test(first);
  const words = isNumbered ? rest : [first, ...rest];
  if (words.every((word) => vague.has(word.replace(/\d+$/, "")))) {
    throw new UsageError(`The name "${name}" does not say what the job does.`, {
      remedy: `Say what it does to what: "${telling}", or "20240115-${telling}" with the date.`,
    });
  }
  if (isNumbered && !isDay(first)) {
    throw new UsageError(`"${first}" at the beginning of "${name}" is not a date.`, {
      remedy: `Write "${words.join("-")}", or put the date before it: "20240115-${words.join("-")}".`,
    });
  }
}

/** Makes a job's name from what a user typed; null when it contains no word. */
export function suggestJobName(text: string): string | null {
  const words = text
    .trim()
    .replace(/\.[cm]?[jt]s$/, "")
    .replace(/^(\d{4})[-_.](\d\d)[-_.](\d\d)(?!\d)/, "$1$2$3 ")
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, " ")
    .toLowerCase()
    .match(/[a-z0-9]+/g);
  if (words === null) return null;
  const fitting = words.filter((_, index) => words.slice(0, index + 1).join("-").length <= maxNameLength);
  return fitting.length === 0 ? null : fitting.join("-");
}

function isDay(digits: string): boolean {
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)$/.exec(digits) ?? [];
  const text = `${year}-${month}-${day}`;
  const at = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text);
}

/** Words that any job could have in its name; the empty one stands for a number. */
const vague: ReadonlySet<string> = new Set([
  "",
  ..."a all and change changes clean cleanup column columns data database db do final fix fixes job jobs migrate migration".split(
    " ",
  ),
  ..."migrations misc my new of old patch refactor row rows run script stuff table tables temp test tests the thing".split(
    " ",
  ),
  ..."things tmp todo update updates v wip work add backfill delete fill insert move remove seed set anonymise".split(
    " ",
  ),
]);
