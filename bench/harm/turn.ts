import { connected } from "../connected.ts";
import type { Template } from "../template.ts";
import { wordCount } from "../word-count.ts";
import { Application, type Felt } from "./application.ts";
import type { Neighbour } from "./neighbour.ts";

/** What one neighbour did at one pace, and what the application felt of it. */
export interface Turn {
  /** the application by itself, on the same copy of the database just before */
  readonly alone: Felt;
  readonly beside: Felt;
  /** of the neighbour meanwhile */
  readonly rowsPerSecond: number;
}

interface Measured {
  /** how many essays were done when it began */
  readonly rows: number;
  readonly from: number;
  readonly felt: Felt;
}

/** An application of `rate` requests a second, measured for so many seconds, or until the neighbour is done. */
export async function takeTurn(
  template: Template,
  neighbour: Neighbour,
  pace: number | null,
  { rate, seconds }: { readonly rate: number; readonly seconds: number },
): Promise<Turn> {
  return template.withCopy(async (url) => {
    const measured = async (over?: AbortSignal): Promise<Measured> => {
      const application = new Application(url, template.essays, rate);
      await application.start();
      const from = performance.now();
      const rows = await countDone(url);
      const felt = await application.measure(seconds * 1_000, over);
      await application.stop();
      return { rows, from, felt };
    };
    const alone = await measured();
    const begun = await neighbour.begin(url, pace);
    const over = new AbortController();
    const ended = begun.ended.finally(() => over.abort());
    ended.catch(() => {});
    const beside = await measured(over.signal);
    await begun.kill();
    const at = performance.now();
    await ended;
    const rows = (await countRight(url)) - beside.rows;
    return { alone: alone.felt, beside: beside.felt, rowsPerSecond: rows / ((at - beside.from) / 1_000) };
  });
}

async function countDone(url: string): Promise<number> {
  return connected(url, async (client) => {
    const { rows } = await client.query<{ readonly n: number }>(done);
    return rows[0]?.n ?? 0;
  });
}

/** How many essays have their word count. @throws when one has a wrong one */
async function countRight(url: string): Promise<number> {
  return connected(url, async (client) => {
    const { rows } = await client.query<{ readonly n: number; readonly wrong: number }>(wrongOnes);
    const { n = 0, wrong = 0 } = rows[0] ?? {};
    if (wrong > 0) throw new Error(`${wrong} word counts are wrong`);
    return n;
  });
}

const done = `
select count(computed_word_count)::integer as n
from essay_submission_essay`;
const wrongOnes = `
select
  count(*)::integer as n,
  count(*) filter (where computed_word_count <> ${wordCount})::integer as wrong
from essay_submission_essay
where computed_word_count is not null`;
