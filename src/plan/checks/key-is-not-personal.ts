import { displayName, type Table } from "../../job/columns/table.ts";
import type { Refusal } from "../open/check.ts";

/** Keys are kept and shown: as checkpoints, of rejects, in undo logs. So none may be a person's. */
export function keyIsNotPersonal(table: Table): Refusal[] {
  const personal = table.key.filter((column) => table.personalData.includes(column));
  return personal.map((column) => ({
    check: "key-is-not-personal",
    message: `${displayName(table)}.${column} is personal data and the key by which rows are found: keys are kept and shown.`,
    remedy: "Order the rows by another unique key, a number or a uuid.",
  }));
}
