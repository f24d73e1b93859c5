import { didYouMean } from "../../did-you-mean.ts";
import { columnTypeFor, fitsCatalogType, parseColumnType } from "../../job/columns/column-types.ts";
import { displayName } from "../../job/columns/table.ts";
import type { Check, Refusal } from "../open/check.ts";

/** The columns that the job uses exist, with the types that its description gives them. */
export const columnsAreAsDescribed: Check = ({ table, relation, read, written }) => {
  const name = displayName(relation);
  return [...new Set([...read, ...written])].flatMap((column): Refusal[] => {
    const found = relation.columns.find((candidate) => candidate.name === column);
    if (found === undefined) {
      const known = relation.columns.map((candidate) => candidate.name);
      const remedy = `${didYouMean(column, known)}Correct the description; the table has ${known.join(", ")}.`;
      return [refusal(`${name} has no column ${column}.`, remedy)];
    }
    const declared = table.columns[column] ?? "";
    const parsed = parseColumnType(declared);
    // A nullable key is refused by the key's own check: a description with a nullable key would only be
    // refused again.
    const mayBeNull = found.isNullable && !table.key.includes(column);
    const fitting = `${columnTypeFor(found.baseName)}${mayBeNull ? "?" : ""}`;
    if (parsed === null || !fitsCatalogType(parsed, found.baseName)) {
      return [
        refusal(
          `${name}.${column} is ${found.displayType} in the database and "${declared}" in the description.`,
          `Write ${column}: "${fitting}" in the table's description.`,
        ),
      ];
    }
    if (mayBeNull && !parsed.isNullable && read.includes(column)) {
      return [
        refusal(
          `${name}.${column} may be null in the database, but the description says that it never is.`,
          `Write ${column}: "${fitting}" in the table's description.`,
        ),
      ];
    }
    return [];
  });
};

function refusal(message: string, remedy: string): Refusal {
  return { check: "columns-are-as-described", message, remedy };
}
