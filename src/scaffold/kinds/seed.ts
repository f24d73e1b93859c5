import { exampleLiteral } from "../example-literal.ts";
import { fillTemplate } from "../fill-template.ts";
import { conflictText, type JobFiles, killOptions, namesOf } from "../job-files.ts";
import { inComment, listed, nameList, property, queryText } from "../source-text.ts";
import { enumOf, isReadOnly, type TableFacts } from "../table-facts.ts";
import type { DescribedTable } from "../tables-file.ts";
import { columnsOfChance, createTableText, schemaText } from "../test-schema.ts";

/** The columns that the job's own rows give: those that PostgreSQL does not fill by itself. */
export function seededColumns({ table, facts }: DescribedTable): readonly string[] {
  const writable = facts.relation.columns.filter(
    (column) => !isReadOnly(column) && Object.hasOwn(table.columns, column.name),
  );
  const own = writable.filter(({ name }) => !(facts.defaults.get(name)?.isComputed ?? false));
  return (own.length > 0 ? own : writable).map(({ name }) => name);
}

/** The columns by which an existing row is found; null when there is no unique constraint. */
export function naturalKey(facts: TableFacts, columns: readonly string[]): readonly string[] | null {
  const usable = facts.uniqueIndexes.filter(
    ({ fault, columns: unique }) =>
      ["none", "nulls", "other-order"].includes(fault) && unique.every((name) => columns.includes(name)),
  );
  return usable[0]?.columns ?? null;
}

/** A job with rows of its own, which can be seeded again. */
export function seedFiles(job: string, described: DescribedTable): JobFiles {
  const { exportName, table, facts } = described;
  const columns = seededColumns(described);
  const known = naturalKey(facts, columns);
  const example = columns.map(
    (column) =>
      `${property(column)}: ${exampleLiteral(table.columns[column] ?? "text", enumOf(facts, column))}`,
  );
  const types = columns.map((column) => `${property(column)}: ${JSON.stringify(table.columns[column])}`);
  const again = known === null ? "" : `; an existing row, by ${known.join(", ")}, stays as it is`;
  return {
    job: fillTemplate("seed.ts", {
      job,
      tables: namesOf(described),
      does: inComment(`Seeds ${facts.name}${again}.`),
      example: `${listed(["{", "}"], example, 10)},`.split("\n"),
      types: listed(["{", "}"], types, 20),
      isDoubled: known === null,
      into: exportName,
      columns: nameList(columns, 30 + exportName.length),
      onConflict: conflictText(known),
    }),
    test: fillTemplate("seed.test.ts", {
      job,
      schema: schemaText(createTableText(described, known, false)),
      does: known === null ? "seeds its rows" : "seeds its rows, and changes nothing when it seeds again",
      all: queryText(`select * from ${facts.name}`),
      isKnown: known !== null,
      kills: killOptions(columnsOfChance(described, columns)),
    }),
  };
}
