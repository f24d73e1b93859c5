import { displayName, type Table } from "../../job/columns/table.ts";
import type { Refusal } from "../open/check.ts";

/** Keys are stored and shown, in checkpoints, rejects and undo logs, so a key must not be personal data. */
export function keyIsNotPersonal(table: Table): Refusal[] {
  const personal = table.key.filter((column) => table.personalData.includes(column));
  return personal.map((column) => ({
    check: "key-is-not-personal",
    message: `${displayName(table)}.${column} is personal data, but also the key by which rows are found: keys are stored and shown.`,
    remedy: "Order the rows by another unique key, a number or a uuid.",
  }));
}
