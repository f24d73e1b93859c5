import pg from "pg";
import type { Task } from "./contestant.ts";

// Different ways from any contestant's: no array of the words, no regular expression, and no index.
const words =
  "case when content = '' then 0 else length(content) - length(replace(content, ' ', '')) + 1 end";
const wordsByRegexp = String.raw`cardinality(array_remove(string_to_array(translate(content, e'\t\r\n', '   '), ' '), ''))`;

const question = `
select
  count(*)::integer as essays,
  count(*) filter (where computed_word_count is distinct from ${words})::integer as wrong,
  count(*) filter (where computed_word_count is distinct from ${wordsByRegexp})::integer as "wrongByRegexp",
  count(*) filter (where computed_word_count is not null)::integer as counted,
  sum(hashtextextended(row(id, student_id, title, content, submitted_at)::text, 0))::text as rest
from essay_submission_essay`;

interface Seen {
  readonly essays: number;
  readonly wrong: number;
  readonly wrongByRegexp: number;
  readonly counted: number;
  readonly rest: string;
}

/** Knows the right state after a contestant: every word count right, everything else as in the template. */
export class Oracle {
  readonly #before: Seen;

  private constructor(before: Seen) {
    this.#before = before;
  }

  static async of(templateUrl: string): Promise<Oracle> {
    return new Oracle(await look(templateUrl));
  }

  /** What is wrong with a contestant's work; undefined when nothing is. */
  async objection(databaseUrl: string, task: Task, rowsClaimed: number): Promise<string | undefined> {
    const { essays, counted, rest, ...seen } = await look(databaseUrl);
    const wrong = task === "word count by regexp" ? seen.wrongByRegexp : seen.wrong;
    if (essays !== this.#before.essays) return `${essays} essays are left of ${this.#before.essays}`;
    if (task === "copy" && (await ask(databaseUrl, missingCopies)) !== "0")
      return "the copy is not like the essays";
    const isCounted = task !== "copy" && task !== "undo";
    if (!isCounted && counted !== 0) return `${counted} essays have a word count`;
    if (isCounted && wrong !== 0) return `${wrong} of ${essays} essays have no or a wrong word count`;
    if (rest !== this.#before.rest) return "columns other than the word count have changed";
    if (rowsClaimed !== essays) return `it says that it wrote ${rowsClaimed} rows of ${essays}`;
    return undefined;
  }
}

const missingCopies = `
select (
  select count(*) from (
    select id, student_id, title, content, submitted_at from essay_submission_essay
    except all
    select id, student_id, title, content, submitted_at from essay_copy) as missing
) + (
  select abs((select count(*) from essay_copy) - (select count(*) from essay_submission_essay))
) as answer`;

async function ask(url: string, statement: string): Promise<string | undefined> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<{ readonly answer: string }>(statement)).rows[0]?.answer;
  } finally {
    await client.end();
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
