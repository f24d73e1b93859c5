import pg from "pg";

// Another way than any contestant's: no regular expression, and no index.
const words = String.raw`cardinality(array_remove(string_to_array(translate(content, e'\t\r\n', '   '), ' '), ''))`;

const question = `
select
  count(*)::integer as essays,
  count(*) filter (where computed_word_count is distinct from ${words})::integer as wrong,
  sum(hashtextextended(row(id, student_id, title, content, submitted_at)::text, 0))::text as rest
from essay_submission_essay`;

interface Seen {
  readonly essays: number;
  readonly wrong: number;
  readonly rest: string;
}

/** Knows what the essays must look like after a contestant: every word count right, all else as in the template. */
export class Oracle {
  readonly #before: Seen;

  private constructor(before: Seen) {
    this.#before = before;
  }

  static async of(templateUrl: string): Promise<Oracle> {
    return new Oracle(await look(templateUrl));
  }

  /** What is wrong with a contestant's work; undefined when nothing is. */
  async objection(databaseUrl: string, rowsClaimed: number): Promise<string | undefined> {
    const { essays, wrong, rest } = await look(databaseUrl);
    if (essays !== this.#before.essays) return `${essays} essays are left of ${this.#before.essays}`;
    if (wrong !== 0) return `${wrong} of ${essays} essays have no or a wrong word count`;
    if (rest !== this.#before.rest) return "columns other than the word count have changed";
    if (rowsClaimed !== essays) return `it says that it wrote ${rowsClaimed} rows of ${essays}`;
    return undefined;
  }
}

async function look(url: string): Promise<Seen> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query("set enable_indexscan = off; set enable_bitmapscan = off; set jit = off");
    await client.query("set timezone = 'UTC'");
    const { rows } = await client.query<Seen>(question);
    return rows[0]!;
  } finally {
    await client.end();
  }
}
