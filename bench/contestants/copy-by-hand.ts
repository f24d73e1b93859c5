import type pg from "pg";
import { textArray } from "../../src/postgres/sql/text-array.ts";
import { connected } from "../connected.ts";
import type { Contestant, Outcome } from "../contestant.ts";

const columns = "id, student_id, title, content, submitted_at";

/** Copies the essays from one key on, through another. */
type CopyRange = (client: pg.Client, after: number, through: number) => Promise<number>;

/**
 * A copy range by range in several sessions, without planning, checkpoints, signals or a process to start:
 * the fastest that the machine and the driver allow for this way.
 */
export class CopyByHand implements Contestant {
  readonly name: string;
  readonly what: string;
  readonly slow = false;
  readonly task = "copy";
  readonly #sessions: number;
  readonly #rangeRows: number;
  readonly #copy: CopyRange;

  constructor(name: string, what: string, sessions: number, rangeRows: number, copy: CopyRange) {
    this.name = name;
    this.what = `${what}, ${sessions} sessions of ${rangeRows.toLocaleString("en")} rows at a time`;
    this.#sessions = sessions;
    this.#rangeRows = rangeRows;
    this.#copy = copy;
  }

  async unavailable(): Promise<undefined> {
    return undefined;
  }

  async prepare(databaseUrl: string): Promise<void> {
    await connected(databaseUrl, (client) => client.query("create table copied (id bigint not null)"));
  }

  async run(databaseUrl: string): Promise<Outcome> {
    const begun = performance.now();
    const last = await connected(databaseUrl, lastEssay);
    const step = this.#rangeRows;
    const starts = Array.from({ length: Math.ceil(last / step) }, (_, index) => index * step).values();
    const session = async (client: pg.Client): Promise<number> => {
      let rows = 0;
      for (const after of starts) rows += await this.#copy(client, after, after + step);
      return rows;
    };
    const sessions = Array.from({ length: this.#sessions }, () => connected(databaseUrl, session));
    const rows = (await Promise.all(sessions)).reduce((sum, copied) => sum + copied, 0);
    return { seconds: (performance.now() - begun) / 1_000, rows };
  }
}

/** The keys are kept beside the rows, as an undo log must. */
export async function copyInSql(client: pg.Client, after: number, through: number): Promise<number> {
  const { rows } = await client.query<{ readonly copied: string }>(
    `with placed as (
      insert into essay_copy (${columns})
      select ${columns} from essay_submission_essay where id > $1 and id <= $2
      returning id
    ), kept as (
      insert into copied select id from placed
    )
    select count(*) as copied from placed`,
    [after, through],
  );
  return Number(rows[0]?.copied);
}

/** Every row goes through the process and back, as text and unchanged. */
export async function copyThroughDriver(client: pg.Client, after: number, through: number): Promise<number> {
  const { rows } = await client.query<(string | null)[]>({
    text: `select ${columns} from essay_submission_essay where id > $1 and id <= $2`,
    values: [after, through],
    rowMode: "array",
    types: { getTypeParser: () => (text: string) => text },
  });
  const arrays = columns.split(", ").map((_, at) => textArray(rows.map((row) => row[at] ?? null)));
  const { rowCount } = await client.query(
    `insert into essay_copy (${columns})
    select id::bigint, student_id::bigint, title, content, submitted_at::timestamptz
    from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) as copied (${columns})`,
    arrays,
  );
  return rowCount ?? 0;
}

async function lastEssay(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ readonly last: string }>(
    "select max(id) as last from essay_submission_essay",
  );
  return Number(rows[0]?.last);
}
