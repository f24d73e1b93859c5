import {
  addForeignKey,
  createIndex,
  createTable,
  defineSqlJob,
  insertInto,
  rowsOf,
  setNotNull,
  sql,
} from "tidefill";
import { essays, essayVersions } from "./tables.ts";

// Each essay becomes its first version. `pending` also finds essays that were written while the job worked.
export default defineSqlJob({
  name: "create-essay-versions",
  expand: [
    createTable(
      "essay_submission_essayversion",
      sql`create table essay_submission_essayversion (
        id bigint generated always as identity primary key,
        essay_id bigint not null,
        version_number integer not null,
        content text not null,
        created_at timestamptz default now(),
        constraint essayversion_essay_and_number unique (essay_id, version_number)
      )`,
    ),
    addForeignKey("essay_submission_essayversion", "essayversion_essay", {
      columns: ["essay_id"],
      references: sql`essay_submission_essay (id) on delete cascade`,
    }),
  ],
  source: rowsOf(essays, {
    pending: sql`not exists (select from essay_submission_essayversion v where v.essay_id = essay_submission_essay.id)`,
  }),
  sink: insertInto(
    essayVersions,
    { essay_id: sql`id`, version_number: sql`1`, content: sql`content`, created_at: sql`submitted_at` },
    { onConflict: { target: ["essay_id", "version_number"], do: "nothing" } },
  ),
  contract: [
    setNotNull("essay_submission_essayversion", "created_at"),
    createIndex("essayversion_newest", {
      on: "essay_submission_essayversion",
      by: sql`essay_id, created_at desc`,
    }),
  ],
});
