import { expect } from "vitest";
import type { Asked } from "./counters.ts";
import type { Random } from "./random.ts";

/** What an undo must do after people have edited rows. */
export interface Expected {
  readonly images: number;
  readonly restored: number;
  readonly conflicts: number;
  readonly gone: number;
  /** exactly the rows of `source` and `effect` that must be there after the undo */
  readonly source: readonly (readonly [id: number, n: number, other: number])[];
  readonly effects: readonly (readonly [id: number, part: number])[];
}

interface SourceRow {
  n: number;
  other: number;
}

/**
 * Edits a tenth of the rows after a run, as people would: changes a column that the run wrote or another one,
 * deletes, or deletes and inserts again. Returns, from a model independent of the engine, what an undo must
 * leave.
 */
export async function editAndExpect(
  database: Asked,
  job: string,
  rows: number,
  random: Random,
): Promise<Expected> {
  const source = new Map<number, SourceRow>();
  const effects = new Map<string, readonly [number, number]>();
  let [conflicts, gone, restored] = [0, 0, 0];
  const statements: string[] = [];
  for (let id = 7; id <= 7 * rows; id += 7) {
    const edit = random.next() < 0.1 ? random.pick(["change", "other", "delete"] as const) : null;
    if (job === "add-by-sql") {
      if (edit === "change") statements.push(`update source set n = 50, other = 3 where id = ${id}`);
      if (edit === "other") statements.push(`update source set other = 9 where id = ${id}`);
      if (edit === "delete") statements.push(`delete from source where id = ${id}`);
      if (edit === "change") source.set(id, { n: 50, other: 3 });
      else if (edit !== "delete") source.set(id, { n: 0, other: edit === "other" ? 9 : 0 });
      if (edit === "change") conflicts += 1;
      else if (edit === "delete") gone += 1;
      else restored += 1;
    } else if (job === "delete-by-sql") {
      if (edit !== null) statements.push(`insert into source values (${id}, 1, 1)`);
      source.set(id, edit === null ? { n: 0, other: 0 } : { n: 1, other: 1 });
      if (edit === null) restored += 1;
      else conflicts += 1;
    } else {
      if (edit === "change")
        statements.push(`update effect set part = 5 where source_id = ${id} and part = 1`);
      if (edit === "other")
        statements.push(`update effect set part = part where source_id = ${id} and part = 2`);
      if (edit === "delete") statements.push(`delete from effect where source_id = ${id} and part = 2`);
      const left: (readonly [number, number])[] = [];
      if (job === "move-rows") {
        // Both or neither: what is left of the two stays where it is.
        if (edit === null) source.set(id, { n: 0, other: 0 });
        else left.push([id, edit === "change" ? 5 : 1], ...(edit === "delete" ? [] : ([[id, 2]] as const)));
        if (edit === null) restored += 1;
        else conflicts += 1;
      } else {
        source.set(id, { n: 0, other: 0 });
        if (edit === "change") left.push([id, 5]);
        if (edit === "other") left.push([id, 2]);
        restored += edit === null ? 2 : 1;
        // A row without a key is found by its address: a changed row has another one, so it counts as gone.
        if (edit !== null) gone += 1;
      }
      for (const effect of left) effects.set(effect.join(), effect);
    }
  }
  for (let at = 0; at < statements.length; at += 200)
    await database.query(statements.slice(at, at + 200).join(";"));
  return {
    images: conflicts + gone + restored,
    restored,
    conflicts,
    gone,
    source: [...source].map(([id, { n, other }]) => [id, n, other] as const),
    effects: [...effects.values()],
  };
}

/** Compares the tables with the model, row by row. */
export async function requireAsExpected(database: Asked, expected: Expected): Promise<void> {
  const found = await database.query("select id::integer, n, other from source order by id");
  expect(found.map(({ id, n, other }) => [id, n, other])).toEqual(
    [...expected.source].sort(([left], [right]) => left - right),
  );
  const effects = await database.query("select source_id::integer, part from effect order by 1, 2");
  expect(effects.map(({ source_id, part }) => [source_id, part])).toEqual(
    [...expected.effects].sort((left, right) => left[0] - right[0] || left[1] - right[1]),
  );
}
