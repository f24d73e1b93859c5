import { fileURLToPath } from "node:url";
import { type Begun, batchRows, type Neighbour } from "../neighbour.ts";
import { beginProcess } from "../neighbour-process.ts";

const program = fileURLToPath(new URL("../../contestants/loop-by-hand.js", import.meta.url));

/** The strongest loop that an engineer writes in an afternoon, with a pause after each range. */
export class PacedLoop implements Neighbour {
  readonly name = "loop";

  async begin(databaseUrl: string, rowsPerSecond: number | null): Promise<Begun> {
    const pace = rowsPerSecond === null ? [] : [String(rowsPerSecond)];
    return beginProcess([program, databaseUrl, String(batchRows(4_000, rowsPerSecond)), ...pace]);
  }
}
