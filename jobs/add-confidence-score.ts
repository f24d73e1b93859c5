import { addCheck, addColumn, defineSteps, sql } from "tidefill";

// PostgreSQL keeps a non-volatile default in its catalog: no row is rewritten, and old rows read it too.
export default defineSteps({
  name: "add-confidence-score",
  expand: [
    addColumn("essay_feedback", "confidence_score", "double precision", { default: sql`0.8`, notNull: true }),
    addCheck("essay_feedback", "confidence_score_range", sql`confidence_score between 0 and 1`),
  ],
});
