import { table } from "tidefill";

// The examples' tables. `tidefill new <job> --table <table>` describes your tables in jobs/tables.ts.
export const articles = table("article", {
  key: "id",
  columns: { id: "bigint", title: "text", body: "text", word_count: "integer?" },
});
