import { defineJob, insertInto, rows } from "tidefill";
import { feedbackTypes } from "./tables.ts";

const types = [
  { name: "grammar", description: "Grammar and syntax corrections", weight: "0.25", is_active: true },
  { name: "structure", description: "Essay structure and organization", weight: "0.30", is_active: true },
  { name: "content", description: "Content quality and relevance", weight: "0.35", is_active: true },
  { name: "style", description: "Writing style and clarity", weight: "0.10", is_active: true },
];

/**
 * Seeds the types of feedback by their names. Seeding again corrects descriptions and weights, and changes
 * nothing where they are right; a type that a user has switched off stays off.
 */
export default defineJob({
  name: "seed-feedback-types",
  source: rows(types, {
    columns: { name: "text", description: "text", weight: "numeric", is_active: "boolean" },
  }),
  transform: (type) => type,
  sink: insertInto(feedbackTypes, ["name", "description", "weight", "is_active"], {
    onConflict: { target: ["name"], do: "update", columns: ["description", "weight"] },
  }),
});
