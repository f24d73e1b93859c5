import { table } from "tidefill";

export const counters = table("counters", {
  key: "id",
  columns: { id: "bigint", n: "integer", label: "text?" },
});
