import type { Measured, Result } from "./series.ts";

export interface Circumstances {
  readonly postgres: string;
  readonly node: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly settings: Readonly<Record<string, string>>;
  readonly essays: number;
  readonly contentBytes: number;
  readonly repeat: number;
}

export interface Report {
  readonly circumstances: Circumstances;
  readonly results: readonly Result[];
  /** `ratios[a][b]`: tidefill's job or least work `a` does this many times the rows per second of `b` */
  readonly ratios: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export function compare(circumstances: Circumstances, results: readonly Result[]): Report {
  const measured = results.filter((result) => result.status === "measured");
  const ratios = measured
    .filter(({ name }) => name.startsWith("tidefill-") || name.startsWith("least-work"))
    .map((ours) => [ours.name, ratiosOf(ours, measured)] as const);
  return { circumstances, results, ratios: Object.fromEntries(ratios) };
}

function ratiosOf(ours: Measured, all: readonly Measured[]): Readonly<Record<string, number>> {
  const others = all.filter((other) => other !== ours);
  return Object.fromEntries(others.map((other) => [other.name, ours.rowsPerSecond / other.rowsPerSecond]));
}

/** The report as Markdown: a table, and below it what a reader must know about it. */
export function toMarkdown({ circumstances, results, ratios }: Report): string {
  const head = [
    "contestant",
    "essays",
    "median",
    "min–max",
    "rows/s",
    "processor time of the runner",
    "of the server",
    "peak memory",
  ];
  const lines = results.map((result) => [
    result.name,
    integer(result.essays),
    ...(result.status === "measured"
      ? [
          `${result.medianSeconds.toFixed(2)} s`,
          `${Math.min(...result.seconds).toFixed(2)}–${Math.max(...result.seconds).toFixed(2)} s`,
          integer(result.rowsPerSecond),
          secondsOrNone(result.runnerSeconds),
          secondsOrNone(result.serverSeconds),
          megabytes(result.peakMemoryBytes),
        ]
      : [result.status, "", "", "", "", ""]),
  ]);
  const rule = head.map((_, index) => (index === 0 ? ":--" : "--:"));
  const table = [head, rule, ...lines].map(tableLine).join("\n");
  return `${table}\n\n${pairs(ratios)}${notes(circumstances, results)}\n`;
}

/** What each way is compared with. */
const rivals: readonly (readonly [ours: string, other: string])[] = [
  ["tidefill-row", "one-update"],
  ["least-work-row", "one-update"],
  ["least-work-sql", "one-update"],
  ["least-work-copy", "insert-select"],
  ["least-work-copy-small", "insert-select"],
  ["tidefill-row", "least-work-row"],
  ["tidefill-sql", "least-work-sql"],
  ["tidefill-copy-keep", "least-work-copy"],
  ["tidefill-copy-keep-small", "least-work-copy-small"],
  ["tidefill-row", "loop-by-hand"],
  ["tidefill-row-without-undo", "loop-by-hand"],
  ["tidefill-sql", "one-update"],
  ["tidefill-row-without-undo", "one-update"],
  ["tidefill-sql-without-undo", "one-update"],
  ["tidefill-row-by-regexp", "one-update-by-regexp"],
  ["tidefill-sql-by-regexp", "one-update-by-regexp"],
  ["tidefill-row-without-undo", "procedure"],
  ["tidefill-sql-without-undo", "procedure"],
  ["tidefill-row-without-undo", "naive-loop"],
  ["tidefill-row-without-undo", "django"],
  ["tidefill-copy-row", "insert-select"],
  ["tidefill-copy-keep", "insert-select"],
  ["tidefill-copy-keep-small", "insert-select"],
  ["tidefill-copy-sql", "insert-select"],
  ["tidefill-copy-row", "copy-by-hand-driver"],
  ["tidefill-copy-sql", "copy-by-hand-sql"],
  ["tidefill-undo-row", "tidefill-row"],
  ["tidefill-undo-sql", "tidefill-sql"],
  ["tidefill-verify", "count-differences"],
];

function pairs(ratios: Report["ratios"]): string {
  const known = rivals.filter(([ours, other]) => ratios[ours]?.[other] !== undefined);
  if (known.length === 0) return "";
  const lines = known.map(([ours, other]) => [ours, other, times(ratios[ours]?.[other])]);
  return `${[["contestant", "compared with", "is"], [":--", ":--", "--:"], ...lines].map(tableLine).join("\n")}\n\n`;
}

function notes(circumstances: Circumstances, results: readonly Result[]): string {
  const { postgres, node, cores, memoryBytes, settings, essays, contentBytes, repeat } = circumstances;
  const given = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  const partly = results.filter((result) => result.essays !== essays).map((result) => result.name);
  return [
    `PostgreSQL ${postgres} (${given.join(", ")}), Node ${node}, ${cores} cores, ${gibibytes(memoryBytes)} GiB of memory,`,
    `server and contestants on the same machine. ${integer(essays)} essays of ${contentBytes} bytes on average.`,
    `Median of ${repeat}, contestants taking turns, each on a fresh copy of the same database after a checkpoint;`,
    "times are from connecting to the end, for programs from their start. After each, plain SQL checks every row.",
    ...(partly.length === 0
      ? []
      : [`${partly.join(" and ")} ran on a part of the essays: compare rows/s, on which all ratios rest.`]),
    "The runner is the contestant's own process, and memory is its own, without the server's.",
    "",
    ...results.map(({ name, what }) => `- ${name}: ${what}`),
    ...results.flatMap((result) =>
      result.status === "measured" ? [] : [`- ${result.name} ${result.status}: ${firstLine(result.reason)}`],
    ),
  ].join("\n");
}

/** The rest is in the results' file. */
function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

function tableLine(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function integer(value: number): string {
  return Math.round(value).toLocaleString("en");
}

function times(ratio: number | undefined): string {
  return ratio === undefined ? "" : `${ratio.toFixed(ratio < 10 ? 2 : 1)}× as fast`;
}

function secondsOrNone(seconds: number | null): string {
  return seconds === null ? "" : `${seconds.toFixed(1)} s`;
}

function megabytes(bytes: number | null): string {
  return bytes === null ? "" : `${Math.round(bytes / 2 ** 20)} MiB`;
}

function gibibytes(bytes: number): number {
  return Math.round(bytes / 2 ** 30);
}
