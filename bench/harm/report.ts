import { median } from "../series.ts";
import type { Neighbour } from "./neighbour.ts";
import type { Turn } from "./turn.ts";

/** One neighbour at one pace, with its turns. */
export interface Point {
  readonly neighbour: Neighbour;
  /** rows a second; null where nothing limits it */
  readonly pace: number | null;
  readonly turns: Turn[];
}

/** The curve of each neighbour: medians of its turns, with the least and the most of them. */
export function toMarkdown(points: readonly Point[]): string {
  return [
    "| beside | asked for | rows/s | p50 | p99 | p99 to alone | worst | errors |",
    "| :-- | --: | --: | --: | --: | --: | --: | --: |",
    ...points.map(rowOf),
    "",
    `Alone: p99 ${spread(
      points.flatMap(({ turns }) => turns.map(({ alone }) => alone.p99)),
      1,
    )} ms.`,
  ].join("\n");
}

function rowOf({ neighbour, pace, turns }: Point): string {
  const felt = (measure: "p50" | "p99" | "worst", digits: number): string =>
    spread(
      turns.map(({ beside }) => beside[measure]),
      digits,
    );
  const speed = Math.round(median(turns.map(({ rowsPerSecond }) => rowsPerSecond))).toLocaleString("en-US");
  const ratio = spread(
    turns.map(({ alone, beside }) => beside.p99 / alone.p99),
    1,
  );
  const errors = turns.reduce((sum, { beside }) => sum + beside.errors, 0);
  const asked = pace === null ? "–" : pace.toLocaleString("en-US");
  const cells = [
    neighbour.name,
    asked,
    speed,
    felt("p50", 1),
    felt("p99", 1),
    ratio,
    felt("worst", 0),
    errors,
  ];
  return `| ${cells.join(" | ")} |`;
}

function spread(numbers: readonly number[], digits: number): string {
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)].map((each) => each.toFixed(digits));
  return `${median(numbers).toFixed(digits)} (${least}–${most})`;
}
