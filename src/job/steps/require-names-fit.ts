import { UsageError } from "../../errors.ts";

/** The fields of a step that are names in the schema. */
const fields = ["index", "column", "constraint", "from", "to"];

/** @throws UsageError where PostgreSQL would silently cut a name: two that begin alike would become one */
export function requireNamesFit(step: object): void {
  for (const [field, name] of Object.entries(step)) {
    if (!fields.includes(field) || typeof name !== "string") continue;
    const bytes = Buffer.byteLength(name);
    if (bytes >= 1 && bytes <= 63) continue;
    throw new UsageError(`The name "${name}" has ${bytes} bytes; PostgreSQL keeps 1 to 63 bytes.`, {
      remedy: "Choose a shorter name; a longer name given before was cut to 63 bytes.",
    });
  }
}
