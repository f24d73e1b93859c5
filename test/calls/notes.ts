import { type Calls, defineJob, type Job, later, rowsOf, sql, table, update } from "tidefill";
import type { TestDatabase } from "../support/database.ts";
import { emptyStore } from "../support/empty-store.ts";

/** A table whose rows are asked about: `answer` must become `re: ` and the text that it was made from. */
export const notes = table("notes", {
  key: "id",
  columns: { id: "bigint", text: "text", answer: "text?", seen: "integer" },
});

export async function fillNotes(database: TestDatabase, rows: number): Promise<void> {
  await database.query(`${emptyStore}; drop table if exists notes`);
  await database.query(
    "create table notes (id bigint primary key, text text not null, answer text, seen integer not null default 0)",
  );
  await database.query(
    `insert into notes (id, text) select g, 'note ' || g from generate_series(1, ${rows}) g`,
  );
  await database.query("analyze notes");
}

/** Asks a system at `url` about each note without an answer. */
export function answerNotes(url: string, calls: Omit<Calls, "rowsPerCall"> = {}): Job {
  return defineJob({
    name: "answer-notes",
    source: rowsOf(notes, { read: ["text"], pending: sql`answer is null` }),
    calls,
    transform: async ({ text }, { signal, idempotencyKey }) => {
      const answer = await fetch(url, {
        method: "POST",
        body: text,
        signal,
        headers: { "Idempotency-Key": idempotencyKey },
      });
      if (answer.status === 429) {
        await answer.text();
        return later(answer.headers.get("retry-after") ?? "1s", "answers 429");
      }
      if (!answer.ok) throw new Error(`the model answered ${answer.status}`);
      return { answer: `re: ${await answer.text()}` };
    },
    sink: update(notes, ["answer"]),
  });
}

/** How many notes hold an answer that was made from another text. */
export async function staleAnswers(database: TestDatabase): Promise<number> {
  const [row] = await database.query(
    "select count(*)::integer as stale from notes where answer is not null and answer <> 're: ' || text",
  );
  return row?.stale as number;
}
