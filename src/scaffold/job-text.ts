import { inComment, listed } from "./source-text.ts";
import type { DescribedTable } from "./tables-file.ts";

/** A job that is to be written. */
export interface JobParts {
  readonly name: string;
  readonly maker: "defineJob" | "defineSqlJob";
  /** what it takes from tidefill besides its maker */
  readonly imports: readonly string[];
  readonly tables: readonly DescribedTable[];
  /** what it does, for the comment above it */
  readonly says: string;
  /** statements before the definition */
  readonly before?: string;
  /** the members of the definition behind its name, in lines */
  readonly members: readonly string[];
}

/** The text of a job's file. */
export function jobText({ name, maker, imports, tables, says, before = "", members }: JobParts): string {
  const body = `${says}\n${before}${members.join("\n")}`;
  const own = [...imports, maker].sort((left, right) => (left.toLowerCase() < right.toLowerCase() ? -1 : 1));
  const described = [...new Set(tables.map(({ exportName }) => exportName))].sort();
  const hasTodo = /\btodo\(/.test(body);
  return [
    `import ${listed(["{", "}"], own, { indent: 0, used: 24 })} from "tidefill";`,
    `import ${listed(["{", "}"], described, { indent: 0, used: 26 })} from "./tables.ts";`,
    "",
    ...(before === "" ? [] : [before]),
    `/** ${inComment(says)} Say here why. */`,
    `export default ${maker}({`,
    `  name: ${JSON.stringify(name)},`,
    ...members.map((member) => `  ${member}`),
    "});",
    ...(hasTodo ? ["", ...todo(name)] : []),
    "",
  ].join("\n");
}

// It fits every column, and stops the run at its first rows.
function todo(name: string): readonly string[] {
  return [
    "/** Write in its place what the column gets. Until then every row is a reject, and nothing is written. */",
    "function todo(_row: unknown): never {",
    `  throw new Error("${name} does not say yet what its rows get");`,
    "}",
  ];
}
