import { jobText } from "../job-text.ts";
import type { DescribedTable } from "../tables-file.ts";

/** A job that deletes rows, none as long as nobody has said which. */
export function deleteText(name: string, described: DescribedTable): string {
  const { exportName, facts } = described;
  return jobText({
    name,
    maker: "defineSqlJob",
    imports: ["deleteFrom", "rowsOf", "sql"],
    tables: [described],
    says: `Deletes rows of ${facts.name}.`,
    members: [
      "// Say here which rows go: as long as it is false, none does.",
      `source: rowsOf(${exportName}, { where: sql\`false\` }),`,
      `sink: deleteFrom(${exportName}),`,
    ],
  });
}
