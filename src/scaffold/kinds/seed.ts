import { exampleLiteral } from "../example-literal.ts";
import { jobText } from "../job-text.ts";
import { listed, nameList, property } from "../source-text.ts";
import { isReadOnly, type TableFacts } from "../table-facts.ts";
import type { DescribedTable } from "../tables-file.ts";

/** The columns that rows of the job's own give: those that PostgreSQL does not fill by itself. */
export function seededColumns({ table, facts }: DescribedTable): readonly string[] {
  const writable = facts.relation.columns.filter(
    (column) => !isReadOnly(column) && Object.hasOwn(table.columns, column.name),
  );
  const own = writable.filter(({ name }) => !(facts.defaults.get(name)?.isComputed ?? false));
  return (own.length > 0 ? own : writable).map(({ name }) => name);
}

/** The columns by which a row that is there already is known; null when no unique constraint tells. */
export function naturalKey(facts: TableFacts, columns: readonly string[]): readonly string[] | null {
  const usable = facts.uniqueIndexes.filter(
    ({ fault, columns: unique }) =>
      ["none", "nulls", "other-order"].includes(fault) && unique.every((name) => columns.includes(name)),
  );
  return usable[0]?.columns ?? null;
}

/** A job with rows of its own, which can be seeded again. */
export function seedText(name: string, described: DescribedTable): string {
  const { exportName, table, facts } = described;
  const columns = seededColumns(described);
  const target = naturalKey(facts, columns);
  const example = columns.map(
    (column) => `${property(column)}: ${exampleLiteral(table.columns[column] ?? "text")}`,
  );
  const types = columns.map((column) => `${property(column)}: ${JSON.stringify(table.columns[column])}`);
  const inner = { indent: 4, used: 20 };
  const conflict =
    target === null ? "" : `, {\n    onConflict: { target: ${nameList(target, inner)}, do: "nothing" },\n  }`;
  return jobText({
    name,
    maker: "defineJob",
    imports: ["insertInto", "rows"],
    tables: [described],
    says: `Seeds ${facts.name}${target === null ? "" : `; a row that is there already, by ${target.join(", ")}, stays as it is`}.`,
    members: [
      "source: rows(",
      "  [",
      "    // One object a row, such as:",
      ...`${listed(["{", "}"], example, { indent: 0, used: 10 })},`
        .split("\n")
        .map((line) => `    // ${line}`),
      "  ],",
      `  { columns: ${listed(["{", "}"], types, inner)} },`,
      "),",
      "transform: (row) => row,",
      ...(target === null
        ? ["// No unique constraint tells a row from another: seeded again, they are there twice."]
        : []),
      `sink: insertInto(${exportName}, ${nameList(columns, { indent: 2, used: 30 + exportName.length })}${conflict}),`,
    ],
  });
}
