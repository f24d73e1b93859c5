import {
  defineJob,
  defineSqlJob,
  deleteFrom,
  insertInto,
  type Job,
  move,
  rowsOf,
  sql,
  table,
  update,
} from "tidefill";

const source = table("source", { key: "id", columns: { id: "bigint", n: "integer", other: "integer" } });
// No key and nothing unique: a row inserted twice stays twice.
const effect = table("effect", { columns: { source_id: "bigint", part: "integer" } });

const both = (id: bigint) => [1, 2].map((part) => ({ source_id: id, part }));
const one = { source_id: sql`id`, part: sql`1` };
const columns = ["source_id", "part"] as const;

const jobs: readonly Job[] = [
  defineJob({
    name: "insert-rows",
    source: rowsOf(source, { read: ["id"] }),
    transform: ({ id }) => [{ source_id: id, part: 1 }],
    sink: insertInto(effect, columns),
  }),
  defineJob({
    name: "insert-many",
    source: rowsOf(source, { read: ["id"] }),
    transform: ({ id }) => both(id),
    sink: insertInto(effect, columns),
  }),
  defineSqlJob({ name: "insert-by-sql", source: rowsOf(source), sink: insertInto(effect, one) }),
  defineJob({
    name: "delete-rows",
    source: rowsOf(source, { read: ["id"] }),
    transform: (row) => row,
    sink: deleteFrom(source),
  }),
  defineSqlJob({ name: "delete-by-sql", source: rowsOf(source), sink: deleteFrom(source) }),
  defineJob({
    name: "move-rows",
    source: rowsOf(source, { read: ["id"] }),
    transform: ({ id }) => both(id),
    sink: move(source, insertInto(effect, columns)),
  }),
  defineSqlJob({ name: "move-by-sql", source: rowsOf(source), sink: move(source, insertInto(effect, one)) }),
  defineSqlJob({ name: "add-by-sql", source: rowsOf(source), sink: update(source, { n: sql`n + 1` }) }),
  // Slow where it only reads, as in a verify.
  defineSqlJob({
    name: "fill-by-sql",
    source: rowsOf(source, { where: sql`slowly(1) = 1` }),
    sink: update(source, { n: sql`(id % 1000)::integer` }),
  }),
  defineJob({
    name: "fill-rows",
    source: rowsOf(source, { read: ["id"], where: sql`slowly(1) = 1` }),
    transform: ({ id }) => ({ n: Number(id % 1000n) }),
    sink: update(source, ["n"]),
  }),
];

/** Jobs whose effects show whether a batch was done twice or left out. */
export function jobCalled(name: string): Job {
  const job = jobs.find((each) => each.name === name);
  if (job === undefined) throw new Error(`There is no job ${name}.`);
  return job;
}
