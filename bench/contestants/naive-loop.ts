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

/** The loop that most programmers write: read a page, compute in JavaScript, update row by row. */
export class NaiveLoop implements Contestant {
  readonly name: string;
  readonly what: string;
  readonly slow = true;
  readonly #inTransactions: boolean;

  /** `inTransactions` is the careful variant: a page is one transaction, instead of one commit a row. */
  constructor(name: string, inTransactions: boolean) {
    this.name = name;
    this.#inTransactions = inTransactions;
    const commits = inTransactions ? "one transaction a page" : "no transaction around it";
    this.what = `a loop with \`pg\`: pages of 1,000 by key, one awaited \`update\` a row, ${commits}`;
  }

  async unavailable(): Promise<undefined> {
    return undefined;
  }

  async run(databaseUrl: string): Promise<Outcome> {
    const begun = performance.now();
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    try {
      const rows = await this.#fill(client);
      return { seconds: (performance.now() - begun) / 1_000, rows };
    } finally {
      await client.end();
    }
  }

  async #fill(client: pg.Client): Promise<number> {
    let written = 0;
    let last = "0";
    while (true) {
      const { rows } = await client.query<Essay>(page, [last]);
      if (rows.length === 0) return written;
      if (this.#inTransactions) await client.query("begin");
      for (const essay of rows) await update(client, essay);
      if (this.#inTransactions) await client.query("commit");
      last = rows.at(-1)?.id ?? last;
      written += rows.length;
    }
  }
}

async function update(client: pg.Client, { id, content }: Essay): Promise<void> {
  const words = countWords(content);
  await client.query("update essay_submission_essay set computed_word_count = $1 where id = $2", [words, id]);
}
