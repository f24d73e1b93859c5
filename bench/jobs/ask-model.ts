import { defineJob, rowsOf, sql, update } from "tidefill";
import { essays } from "./tables.ts";

export default defineJob({
  name: "ask-model",
  source: rowsOf(essays, { read: ["content"], pending: sql`computed_word_count is null` }),
  calls: { atOnce: Number(process.env.CALLS_AT_ONCE ?? 64) },
  transform: async ({ content }, { signal, idempotencyKey }) => {
    const answer = await fetch(process.env.MODEL_URL ?? "", {
      method: "POST",
      body: content,
      signal,
      headers: { "Idempotency-Key": idempotencyKey },
    });
    return { computed_word_count: Number(await answer.text()) };
  },
  sink: update(essays, ["computed_word_count"]),
});
