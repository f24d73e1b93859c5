import { table } from "tidefill";

// What the examples read and write. `tidefill new <job> --table <table>` describes tables of yours in jobs/tables.ts.
export const articles = table("article", {
  key: "id",
  columns: { id: "bigint", title: "text", body: "text", word_count: "integer?" },
});
