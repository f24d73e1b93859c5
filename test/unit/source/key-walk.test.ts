import { describe, expect, test } from "vitest";
import { Key } from "../../../src/postgres/catalog/key.ts";
import type { Relation } from "../../../src/postgres/catalog/relation.ts";
import { type Sql, sql } from "../../../src/postgres/sql/sql.ts";
import type { Transaction } from "../../../src/postgres/transaction/database.ts";
import { KeyWalk } from "../../../src/source/table/key-walk.ts";

const key = new Key([{ name: "id", type: "bigint", operatorSchema: "pg_catalog", order: "" }], "t");
const relation = { schema: "public", name: "t", columns: [] } as unknown as Relation;
const everything = { after: null, through: null };
const budget = 1_000_000;

/** An endless table, which records whether the widths of rows were measured. */
class Endless {
  readonly asked: ("measured" | "counted")[] = [];

  async query(statement: Sql): Promise<unknown> {
    const isMeasured = statement.toString().includes("tidefill_bytes");
    this.asked.push(isMeasured ? "measured" : "counted");
    const row = isMeasured ? { id: "9", tidefill_row: "7", tidefill_walked: "7" } : { id: "9" };
    return { rows: [row], count: 1 };
  }
}

async function walked(walk: KeyWalk, rows: number): Promise<readonly [string | undefined, number]> {
  const table = new Endless();
  const batchBounds = await walk.nextBatch(table as unknown as Transaction, everything, rows, budget);
  return [table.asked.join(), batchBounds.walked];
}
const wide = (): KeyWalk => new KeyWalk(relation, key, null, sql`octet_length(body)`);

describe("a batch of keys", () => {
  test("is counted off where no row can be wide", async () => {
    expect(await walked(new KeyWalk(relation, key, null, null), 5_000)).toEqual(["counted", 5_000]);
  });

  test("is measured before any row has come, and counted off once rows are known to be narrow", async () => {
    const walk = wide();
    expect(await walked(walk, 5_000)).toEqual(["measured", 7]);
    walk.saw(5_000, 500_000);
    expect(await walked(walk, 5_000)).toEqual(["counted", 5_000]);
  });

  test("is no longer than what surely fits", async () => {
    const walk = wide();
    walk.saw(100, 100_000);
    expect(await walked(walk, 5_000)).toEqual(["counted", 800]);
  });

  test("is measured where rows are wide, and as long as wide rows are remembered", async () => {
    const walk = wide();
    walk.saw(1, 500_000);
    expect(await walked(walk, 5_000)).toEqual(["measured", 7]);
    for (let batch = 0; batch < 20; batch += 1) walk.saw(1_000, 10_000);
    expect(await walked(walk, 5_000)).toEqual(["measured", 7]);
    for (let batch = 0; batch < 100; batch += 1) walk.saw(1_000, 10_000);
    expect(await walked(walk, 5_000)).toEqual(["counted", 5_000]);
  });

  test("of one row need not be measured, however wide it is", async () => {
    const walk = wide();
    walk.saw(1, 500_000);
    expect(await walked(walk, 1)).toEqual(["counted", 1]);
  });
});
