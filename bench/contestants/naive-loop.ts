import pg from "pg";
import type { Contestant, Outcome } from "../contestant.ts";
import { countWords } from "../word-count.ts";

interface Essay {
  readonly id: string;
  readonly content: string;
}

const page = `
select id, content
from essay_submission_essay
where id > $1
order by id
limit 1000`;

/** The loop that people write: read a page, compute in JavaScript, write row by row, commit. */
export class NaiveLoop implements Contestant {
  readonly name = "naive-loop";
  readonly what =
    "a loop with `pg`: pages of 1,000 by key, one awaited `update` a row, one transaction a page";
  readonly slow = true;

  async unavailable(): Promise<undefined> {
    return undefined;
  }

  async run(databaseUrl: string): Promise<Outcome> {
    const begun = performance.now();
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    try {
      const rows = await fill(client);
      return { seconds: (performance.now() - begun) / 1_000, rows };
    } finally {
      await client.end();
    }
  }
}

async function fill(client: pg.Client): Promise<number> {
  let written = 0;
  let last = "0";
  while (true) {
    const { rows } = await client.query<Essay>(page, [last]);
    if (rows.length === 0) return written;
    await client.query("begin");
    for (const essay of rows) {
      await client.query("update essay_submission_essay set computed_word_count = $1 where id = $2", [
        countWords(essay.content),
        essay.id,
      ]);
      last = essay.id;
      written += 1;
    }
    await client.query("commit");
  }
}
