import {
  addCheck,
  addColumn,
  addForeignKey,
  createIndex,
  createTable,
  defineSteps,
  dropColumn,
  dropIndex,
  dropTable,
  type Job,
  renameColumn,
  setNotNull,
  sql,
  sqlStep,
} from "tidefill";

/** One step of each kind that has an undo. `tell` records each execution of the author's own statements. */
export const everyStep: Job = defineSteps({
  name: "every-step",
  expand: [
    createTable("child", sql`create table child (id bigint primary key, parent_id bigint)`),
    addColumn("parent", "score", "integer", { default: sql`7`, notNull: true }),
    addColumn("parent", "note", "text"),
    addCheck("parent", "score_range", sql`score between 0 and 10`),
    addForeignKey("child", "child_parent", { columns: ["parent_id"], references: sql`parent (id)` }),
    createIndex("parent_body", { on: "parent", by: sql`md5(body)` }),
    sqlStep({
      name: "tell once",
      up: sql`insert into told (what) values ('up'); update parent set note = 'n' where id <= 10`,
      down: sql`insert into told (what) values ('down')`,
    }),
    sqlStep({
      name: "reindex",
      up: [
        sql`drop index concurrently if exists parent_other`,
        sql`create index concurrently parent_other on parent (other)`,
      ],
      down: sql`drop index concurrently if exists parent_other`,
      transactional: false,
      done: sql`select coalesce((select indisvalid from pg_index where indexrelid = to_regclass('parent_other')), false)`,
    }),
  ],
  contract: [
    setNotNull("parent", "body"),
    dropIndex("parent_old"),
    renameColumn("parent", "other", "another"),
  ],
});

/** The steps that cannot be undone. */
export const losingSteps: Job = defineSteps({
  name: "losing-steps",
  contract: [dropColumn("parent", "other"), dropTable("lost")],
  backup: { check: () => true },
});
