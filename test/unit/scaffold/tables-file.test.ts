import { expect, test } from "vitest";
import { table } from "../../../src/job/columns/table.ts";
import type { Column } from "../../../src/postgres/catalog/relation.ts";
import { identifierFor } from "../../../src/scaffold/identifier.ts";
import { looksPersonal } from "../../../src/scaffold/looks-personal.ts";
import { columnInSql, property } from "../../../src/scaffold/source-text.ts";
import type { TableFacts } from "../../../src/scaffold/table-facts.ts";
import { TablesFile } from "../../../src/scaffold/tables-file.ts";

const id: Column = {
  name: "id",
  type: "bigint",
  displayType: "bigint",
  baseType: "bigint",
  baseName: "int8",
  isArray: false,
  isNullable: false,
  isGenerated: false,
  isIdentityAlways: false,
  isToastable: false,
};

function facts(name: string, schema = "public"): TableFacts {
  const relation = {
    oid: "1",
    schema,
    name,
    kind: "table",
    columns: [id],
  } as unknown as TableFacts["relation"];
  const uniqueIndexes = [{ name: "k", columns: ["id"], fault: "none" }] as const;
  const isVisible = schema === "public";
  return {
    relation,
    name: isVisible ? name : `${schema}.${name}`,
    isVisible,
    defaults: new Map(),
    enums: new Map(),
    uniqueIndexes,
    foreignKeyColumns: [],
    tellingColumns: ["id"],
  };
}

const description = (made: string, maker = "table") =>
  `export const ${made} = ${maker}("${made}", {\n  key: "id",\n  columns: { id: "bigint" },\n});\n`;

test.each([
  ["", `import { table } from "tidefill";\n\n${description("essay")}`],
  [
    "#!/usr/bin/env node\n// Ours.\nexport const a = 1;\n",
    `#!/usr/bin/env node\nimport { table } from "tidefill";\n\n// Ours.\nexport const a = 1;\n\n${description("essay")}`,
  ],
  [
    'import { sql, table } from "tidefill";\n',
    `import { sql, table } from "tidefill";\n\n${description("essay")}`,
  ],
  [
    "import {\n  table as t,\n  sql,\n} from 'tidefill'; // ours\nconst a = 1;",
    `import {\n  table as t,\n  sql,\n} from 'tidefill'; // ours\nconst a = 1;\n\n${description("essay", "t")}`,
  ],
  [
    'import type { table } from "tidefill";\nimport { x } from "./x.ts";\nconst a = x;\n',
    `import type { table } from "tidefill";\nimport { x } from "./x.ts";\nimport { table as describe } from "tidefill";\nconst a = x;\n\n${description("essay", "describe")}`,
  ],
  [
    "const table = 1;\n",
    `import { table as describe } from "tidefill";\nconst table = 1;\n\n${description("essay", "describe")}`,
  ],
  [
    'import { tableOf } from "./x.ts";\nfunction essay() {}\n',
    `import { tableOf } from "./x.ts";\nimport { table } from "tidefill";\nfunction essay() {}\n\n${description("publicEssay").replace('("publicEssay"', '("essay"')}`,
  ],
])("to %j a description is added, with what it needs", (text, expected) => {
  const file = new TablesFile("jobs/tables.ts", text, {});
  file.describe(facts("essay"), { key: true, columns: [] });
  expect(file.text).toBe(expected);
});

test("two descriptions share their imports, and a described table is not described again", () => {
  const mine = table("essay", { key: "id", columns: { id: "bigint" } });
  const file = new TablesFile("jobs/tables.ts", "// mine\n", { mine });
  expect(file.describe(facts("essay"), { key: true, columns: ["id"] }).exportName).toBe("mine");
  expect(file.added).toEqual([]);
  file.describe(facts("note"), { key: true, columns: [] });
  file.describe(facts("essay", "shop"), { key: true, columns: [] });
  expect(file.added).toEqual(["note", "essay"]);
  expect(file.text.match(/^import/gm)).toHaveLength(1);
});

test("the description that has the columns is used, if there are several", () => {
  const one = table("essay", { key: "id", columns: { id: "bigint" } });
  const other = table("public.essay", { key: "id", columns: { id: "bigint", words: "integer?" } });
  const file = new TablesFile("jobs/tables.ts", "", { one, other });
  expect(file.describe(facts("essay"), { key: true, columns: ["words"] }).exportName).toBe("other");
  expect(() => file.describe(facts("essay"), { key: true, columns: ["more"] })).toThrow(
    /one in .* does not have more/,
  );
  const keyless = new TablesFile("jobs/tables.ts", "", { t: table("essay", { columns: { id: "bigint" } }) });
  expect(() => keyless.describe(facts("essay"), { key: true, columns: [] })).toThrow(/has no key/);
});

test.each([
  ["public", "essay_submission_essay", "essaySubmissionEssay"],
  ["public", "CamelCase", "camelCase"],
  ["public", "ORDERS", "orders"],
  ["public", "class", "classTable"],
  ["public", "rows", "rowsTable"],
  ["public", "2024 data", "table2024Data"],
  ["public", "Größe", "größe"],
  ["public", "---", "unnamed"],
  ["shop", "taken", "shopTaken"],
])("%s.%s is called %s, its name in TypeScript being %s", (schema, name, identifier) => {
  expect(identifierFor({ schema, name }, (each) => each === "taken")).toBe(identifier);
});

test("taken names get a number", () => {
  const taken = new Set(["note", "publicNote", "note2"]);
  expect(identifierFor({ schema: "public", name: "note" }, (each) => taken.has(each))).toBe("note3");
});

test.each([
  ["core_student", "email", true],
  ["core_student", "contactEmail", true],
  ["core_student", "name", true],
  ["feedback_type", "name", false],
  ["shop", "billing_address", true],
  ["shop", "email_sent_at", false],
  ["shop", "is_email", false],
  ["shop", "total", false],
  ["shop", "shipping_cost", false],
])("%s.%s looks personal: %s", (table, column, personal) => {
  expect(looksPersonal(table, column)).toBe(personal);
});

test("names are escaped so that they cannot end the literal around them", () => {
  expect(columnInSql("order")).toBe('"order"');
  expect(columnInSql('a`"b')).toBe('U&"a\\0060""b"');
  expect(columnInSql("$" + "{x}")).toBe('U&"\\0024{x}"');
  expect(property("__proto__")).toBe('["__proto__"]');
  expect(property("a b")).toBe('"a b"');
});
