import { UsageError } from "../../errors.ts";

/** What of a step is a name in the schema. */
const fields = ["index", "column", "constraint", "from", "to"];

/** @throws UsageError where PostgreSQL would cut a name in silence: two that begin alike would become one */
export function requireNamesFit(step: object): void {
  for (const [field, name] of Object.entries(step)) {
    if (!fields.includes(field) || typeof name !== "string") continue;
    const bytes = Buffer.byteLength(name);
    if (bytes >= 1 && bytes <= 63) continue;
    throw new UsageError(`The name "${name}" has ${bytes} bytes; PostgreSQL keeps 1 to 63 bytes.`, {
      remedy: "Choose a shorter name; where one longer was given before, it is there cut to 63 bytes.",
    });
  }
}
