import { addCheck, addColumn, defineSteps, sql } from "tidefill";

// A default that is not volatile is kept in the catalogue: no row is rewritten, and old rows read it all the same.
export default defineSteps({
  name: "add-confidence-score",
  expand: [
    addColumn("essay_feedback", "confidence_score", "double precision", { default: sql`0.8`, notNull: true }),
    addCheck("essay_feedback", "confidence_score_range", sql`confidence_score between 0 and 1`),
  ],
});
