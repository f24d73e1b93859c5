import { AssertionError } from "node:assert";
import { type Difference, describe } from "./compare-states.ts";

/** What was done to a job that did not end as it should. */
interface Done {
  readonly job: string;
  readonly seed: number;
  readonly kills: number;
  readonly resumes: number;
  /** what it did not do: the rest of a sentence after "does not" */
  readonly what: string;
}

const shownAtMost = 10;

/** The failed assertion, as test runners show it: each difference in a line, and how to repeat it. */
export function notTheSame(differences: readonly Difference[], done: Done): AssertionError {
  const { job, seed, kills, resumes, what } = done;
  const shown = differences.slice(0, shownAtMost);
  const more = differences.length - shown.length;
  const lines = [
    `${job} does not ${what}: ${differences.length} differences (${kills} batches killed, run resumed ${resumes} times).`,
    ...shown.map((difference) => `  ${describe(difference)}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
    'Columns that depend on the time, on chance or on the order of the rows can be ignored: ignore: ["created_at"].',
    `To repeat the same kills: seed: ${seed}`,
  ];
  return new AssertionError({
    message: lines.join("\n"),
    actual: Object.fromEntries(shown.map(({ where, actual }) => [where, actual])),
    expected: Object.fromEntries(shown.map(({ where, expected }) => [where, expected])),
    operator: "expectSameAfterKills",
  });
}
