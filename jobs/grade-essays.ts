import { defineJob, later, rowsOf, sql, update } from "tidefill";
import { essays } from "./tables.ts";

// Asks a model for feedback on each essay.
// `tidefill demo --school --model` makes a school and a mock model, and prints its address for --param model=….
export default defineJob({
  name: "grade-essays",
  parameters: { model: "text" },
  source: rowsOf(essays, { read: ["content"], pending: sql`feedback is null` }),
  calls: { atOnce: 32, perSecond: 100, timeout: "30s", cost: "0.0004 USD", keepAnswers: "30d" },
  transform: async ({ content }, { parameters, signal, idempotencyKey }) => {
    const answer = await fetch(parameters.model, {
      method: "POST",
      body: content,
      signal,
      headers: { "Idempotency-Key": idempotencyKey },
    });
    if (answer.status === 429 || answer.status === 503)
      return later(answer.headers.get("retry-after") ?? "5s", `answers ${answer.status}`);
    if (!answer.ok) throw new Error(`the model answered ${answer.status}`);
    return { feedback: await answer.text() };
  },
  sink: update(essays, ["feedback"]),
});
