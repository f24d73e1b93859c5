import { displayIdentifier } from "../../postgres/sql/sql.ts";
import { fillTemplate } from "../fill-template.ts";
import { type JobFiles, namesOf } from "../job-files.ts";
import { inComment, queryText } from "../source-text.ts";
import type { DescribedTable } from "../tables-file.ts";
import { createTableText, insertRowsText, schemaText } from "../test-schema.ts";

/** A job that deletes rows: none until the author says which. */
export function deleteFiles(job: string, described: DescribedTable): JobFiles {
  const { exportName, table, facts } = described;
  const key = table.key.map(displayIdentifier).join(", ");
  return {
    job: fillTemplate("delete.ts", {
      job,
      tables: namesOf(described),
      does: inComment(`Deletes rows of ${facts.name}.`),
      table: exportName,
    }),
    test: fillTemplate("delete.test.ts", {
      job,
      schema: schemaText([...createTableText(described, null, true), insertRowsText(described, [])]),
      keys: queryText(`select ${key} from ${facts.name} order by ${key}`),
    }),
  };
}
