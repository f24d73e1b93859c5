import { defineJob, insertInto, rowsOf, skip, sql } from "tidefill";
import { analytics, oldAnalytics } from "./tables.ts";

/**
 * Copies the old records into the new format, except those without a count. Existing records stay as they
 * are.
 */
export default defineJob({
  name: "migrate-old-analytics",
  source: rowsOf(oldAnalytics),
  transform: (old) =>
    old.submission_count === null
      ? skip()
      : {
          user_id: old.user_id,
          metric_type: "essay_submission",
          value: old.submission_count,
          created_at: old.created_at,
          metadata: { old_id: String(old.id), migration_source: "old_analytics" },
        },
  sink: insertInto(analytics, ["user_id", "metric_type", "value", "created_at", "metadata"], {
    onConflict: { target: ["user_id", "metric_type", "created_at"], do: "nothing" },
  }),
  integrity: [
    {
      name: "no old record is there twice",
      query: sql`select metadata ->> 'old_id'
        from analytics_analytics
        where metadata ->> 'migration_source' = 'old_analytics'
        group by 1
        having count(*) > 1`,
    },
  ],
});
