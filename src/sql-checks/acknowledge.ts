import { UsageError } from "../errors.ts";
import { codes } from "./all-rules.ts";
import type { Finding } from "./syntax/rule.ts";

/** By code, the author's reason why such a finding is fine here. */
export type Known = Readonly<Record<string, string>>;

/** Leaves out the findings for which the author gives a reason. A code that no rule has is an error. */
export function acknowledge(findings: readonly Finding[], known: Known): readonly Finding[] {
  requireCodes(known);
  return findings.filter(({ code }) => (known[code] ?? "").trim() === "");
}

/** @throws UsageError for a code that no rule has; `whose` is the job or step that names it, if known */
export function requireCodes(known: Known, whose?: string): void {
  for (const code of Object.keys(known)) {
    if (codes.includes(code)) continue;
    const where = whose === undefined ? "" : `, which ${whose} names in \`known\``;
    throw new UsageError(`No SQL check has the code "${code}"${where}.`, {
      remedy: `Did you mean "${nearest(code)}"?`,
    });
  }
}

function nearest(wrong: string): string {
  const byDistance = codes.map((code) => ({ code, distance: distance(wrong, code) }));
  return byDistance.sort((a, b) => a.distance - b.distance)[0]?.code ?? "";
}

/** The Levenshtein distance: how many letters to insert, delete or change. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j++) {
      const changed = (row[j] ?? 0) + (letter === to[j] ? 0 : 1);
      next.push(Math.min(changed, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
