import { defineSqlJob, insertInto, rowsOf, sql } from "tidefill";
import { analytics, analyticsBackup } from "./tables.ts";

/**
 * Restores records that a clean-up deleted by mistake, from the table that saved them. Existing records stay.
 */
export default defineSqlJob({
  name: "restore-analytics-from-backup",
  source: rowsOf(analyticsBackup, { where: sql`restore_flag` }),
  sink: insertInto(
    analytics,
    {
      user_id: sql`user_id`,
      metric_type: sql`metric_type`,
      value: sql`value`,
      created_at: sql`original_created_at`,
    },
    { onConflict: { target: ["user_id", "metric_type", "created_at"], do: "nothing" } },
  ),
});
