import { parseColumnType } from "../job/columns/column-types.ts";
import { describeTable } from "./describe-table.ts";
import { inComment, property } from "./source-text.ts";
import type { TableFacts } from "./table-facts.ts";
import { valueKind } from "./value-kind.ts";

/** A `Database` interface for Kysely of these tables, with values as tidefill carries them. */
export function kyselyText(tables: readonly TableFacts[]): string {
  const members = tables.map(tableText).join("\n");
  const fromKysely = ["Generated", "GeneratedAlways"].filter((name) => members.includes(`${name}<`));
  const imports = [
    ...(fromKysely.length === 0 ? [] : [`import type { ${fromKysely.join(", ")} } from "kysely";`]),
    ...(/[:<( ]Json\b/.test(members) ? ['import type { Json } from "tidefill";'] : []),
  ];
  return [
    ...imports,
    ...(imports.length === 0 ? [] : [""]),
    "/** Values as a transform of tidefill sees them: bigint as a bigint, numeric and timestamps as PostgreSQL's text. */",
    "export interface Database {",
    members,
    "}",
  ].join("\n");
}

function tableText(facts: TableFacts): string {
  const { relation, isVisible, defaults } = facts;
  const described = describeTable(facts);
  const name = isVisible ? relation.name : `${relation.schema}.${relation.name}`;
  const columns = relation.columns.map((column) => {
    const type = valueType(described.columns[column.name] ?? "text");
    const isAlways = column.isGenerated || column.isIdentityAlways;
    const wrapped = isAlways
      ? `GeneratedAlways<${type}>`
      : defaults.has(column.name)
        ? `Generated<${type}>`
        : type;
    return `    ${property(column.name)}: ${wrapped};${note(described.columns[column.name], column.displayType)}`;
  });
  return `  ${property(name)}: {\n${columns.join("\n")}\n  };`;
}

/** The JavaScript type of a described column, as text. */
function valueType(type: string): string {
  const parsed = parseColumnType(type);
  const kind = valueKind(type);
  const one = kind === "bytes" ? "Uint8Array" : kind === "json" ? "Json" : kind;
  const whole = parsed?.isArray ? `readonly (${one} | null)[]` : one;
  return parsed?.isNullable ? `${whole} | null` : whole;
}

function note(type: string | undefined, displayType: string): string {
  const isText = type?.replace("?", "") === "text";
  return isText && displayType !== "text" ? ` // ${inComment(displayType)}` : "";
}
