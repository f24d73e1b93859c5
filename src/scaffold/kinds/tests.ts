import { displayIdentifier } from "../../postgres/sql/sql.ts";
import { type AddedColumn, withoutColumns } from "../added-column.ts";
import { exampleLiteral } from "../example-literal.ts";
import { inTemplate, listed, property } from "../source-text.ts";
import type { DescribedTable } from "../tables-file.ts";
import { columnsOfChance, createTableText, insertRowsText } from "../test-schema.ts";
import { testText } from "../test-text.ts";
import { valuesToFill } from "./fill.ts";
import { columnsMoved, knownBy } from "./move.ts";
import { naturalKey, seededColumns } from "./seed.ts";

const expression = "Take this away once the job says what its rows get.";
const scope = "Take this away once the job says which rows it is about.";

export function fillTest(
  job: string,
  described: DescribedTable,
  columns: readonly string[],
  added: readonly AddedColumn[] = [],
): string {
  const { table, facts } = described;
  const values = valuesToFill(described, columns, added);
  const read = [...new Set([...table.key, ...[...values.values()].flatMap((value) => value?.reads ?? [])])];
  const row = read.map((name) => `${property(name)}: ${exampleLiteral(bare(table.columns[name]))}`);
  const expected = columns.map(
    (name) => `${property(name)}: ${values.get(name)?.inTest ?? exampleLiteral(bare(table.columns[name]))}`,
  );
  const isNull = columns.map((name) => `${displayIdentifier(name)} is null`).join(" or ");
  // The job adds the others itself.
  const isThere = { ...described, facts: withoutColumns(facts, added) };
  return testText({
    job,
    schema: [...createTableText(isThere, null, true), insertRowsText(isThere, columns)],
    open: [...values.values()].includes(null) ? expression : null,
    tests: [
      {
        says: "makes of one row what it should",
        wantsDatabase: false,
        body: [
          `const row = ${listed(["{", "}"], row, { indent: 2, used: 14 })};`,
          `assert.deepEqual(await transformOne(job, row), ${listed(["{", "}"], expected, { indent: 2, used: 50 })});`,
        ],
      },
      {
        says: "leaves no row unfilled",
        wantsDatabase: true,
        body: [
          "const report = await runJobInTest(job, { database });",
          'assert.equal(report.status, "succeeded");',
          `assert.deepEqual(await database.query(${query(`select from ${facts.name} where ${isNull}`)}), []);`,
        ],
      },
    ],
  });
}

/** A copy leaves the source as it is, a move takes its rows away. */
export function moveTest(
  { job, kind, isOpen }: { readonly job: string; readonly kind: "move" | "copy"; readonly isOpen: boolean },
  from: DescribedTable,
  into: DescribedTable,
): string {
  const filled = columnsMoved(from, into);
  const known = kind === "copy" ? knownBy(into, filled) : null;
  return testText({
    job,
    schema: [
      ...createTableText(from, null, true),
      ...createTableText(into, known, false),
      insertRowsText(from, []),
    ],
    open: isOpen ? expression : null,
    ofChance: columnsOfChance(into, filled),
    tests: [
      {
        says: kind === "move" ? "moves every row" : "copies every row, and takes none away",
        wantsDatabase: true,
        body: [
          "const report = await runJobInTest(job, { database });",
          'assert.equal(report.status, "succeeded");',
          `assert.deepEqual(await database.query(${count(from)}), [{ count: ${kind === "move" ? "0n" : "100n"} }]);`,
          `assert.deepEqual(await database.query(${count(into)}), [{ count: 100n }]);`,
        ],
      },
    ],
  });
}

export function deleteTest(job: string, described: DescribedTable): string {
  const { table, facts } = described;
  const key = table.key.map(displayIdentifier).join(", ");
  return testText({
    job,
    schema: [...createTableText(described, null, true), insertRowsText(described, [])],
    open: scope,
    tests: [
      {
        says: "deletes what it should and nothing else",
        wantsDatabase: true,
        body: [
          "const report = await runJobInTest(job, { database });",
          'assert.equal(report.status, "succeeded");',
          `const left = await database.query(${query(`select ${key} from ${facts.name} order by ${key}`)});`,
          "// Say which rows are still there.",
          "assert.equal(left.length, 50);",
        ],
      },
    ],
  });
}

export function seedTest(job: string, described: DescribedTable): string {
  const { facts } = described;
  const target = naturalKey(facts, seededColumns(described));
  const all = query(`select * from ${facts.name}`);
  return testText({
    job,
    schema: createTableText(described, target, false),
    open: "Take this away once the job has rows.",
    ofChance: columnsOfChance(described, seededColumns(described)),
    tests: [
      {
        says: target === null ? "seeds its rows" : "seeds its rows, and seeded again changes nothing",
        wantsDatabase: true,
        body: [
          "await runJobInTest(job, { database });",
          `const seeded = await database.query(${all});`,
          "assert.ok(seeded.length > 0);",
          ...(target === null
            ? []
            : [
                "await runJobInTest(job, { database, again: true });",
                `assert.deepEqual(await database.query(${all}), seeded);`,
              ]),
        ],
      },
    ],
  });
}

export function anonymiseTest(job: string, described: DescribedTable, columns: readonly string[]): string {
  const { table, facts } = described;
  const key = table.key.map(displayIdentifier).join(", ");
  const select = query(
    `select ${columns.map(displayIdentifier).join(", ")} from ${facts.name} order by ${key}`,
  );
  return testText({
    job,
    schema: [...createTableText(described, null, true), insertRowsText(described, [])],
    open: scope,
    tests: [
      {
        says: "leaves no value of a person",
        wantsDatabase: true,
        body: [
          `const before = await database.query(${select});`,
          "const report = await runJobInTest(job, { database });",
          'assert.equal(report.status, "succeeded");',
          `const after = await database.query(${select});`,
          "for (const [index, row] of before.entries())",
          "  for (const [column, value] of Object.entries(row)) assert.notDeepEqual(after[index]?.[column], value);",
        ],
      },
    ],
  });
}

function count({ facts }: DescribedTable): string {
  return query(`select count(*) from ${facts.name}`);
}

function query(text: string): string {
  const plain = inTemplate(text);
  return plain === text && !text.includes('"') ? `"${text}"` : `\`${plain}\``;
}

function bare(type = "text"): string {
  return type.replace(/\?$/, "");
}
