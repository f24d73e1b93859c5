import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { fillCounters, increment } from "../command-line/fixtures.ts";
import { Project } from "../command-line/project.ts";
import { useDatabase } from "../support/database.ts";
import { outcomeOf } from "../support/tidefill.ts";
import { until } from "../support/until.ts";

const database = useDatabase();
let project: Project;

const tables = `
import { table } from "tidefill";
export const counters = table("counters", { key: "id", columns: { id: "bigint", n: "integer" } });
`;

beforeAll(async () => {
  project = await Project.open();
  await project.write("package.json", JSON.stringify({ scripts: { job: "tidefill run increment" } }));
  await project.makeFolder("jobs");
  await project.write("jobs/tables.ts", tables);
  await project.write("jobs/increment.ts", increment);
});

beforeEach(async () => {
  await fillCounters(database, 4_000);
});

afterAll(() => project.close());

/** A program in its own process group, as a shell starts a typed command. */
function typed(program: string, ...parameters: readonly string[]): ChildProcessWithoutNullStreams {
  return spawn(program, [...parameters], {
    cwd: project.folder,
    detached: true,
    env: { ...process.env, DATABASE_URL: database.url, NO_COLOR: "1" },
  });
}

/** Does what a terminal does at Ctrl-C: every process of the foreground group gets the signal. */
function signalGroup({ pid }: ChildProcessWithoutNullStreams, signal: NodeJS.Signals): void {
  if (pid !== undefined) process.kill(-pid, signal);
}

async function isUnderWay(): Promise<boolean> {
  const [row] = await database.query("select to_regclass('tidefill.range') is not null as is_there");
  if (row?.is_there !== true) return false;
  const [range] = await database.query("select sum(batches)::integer as batches from tidefill.range");
  return Number(range?.batches ?? 0) > 0;
}

async function requireGivenBack(): Promise<void> {
  expect(await database.query("select status, stop_reason from tidefill.run")).toEqual([
    { status: "interrupted", stop_reason: "signal" },
  ]);
  expect(await database.query("select number from tidefill.range where status = 'leased'")).toEqual([]);
}

const ways: readonly (readonly [name: string, line: readonly [string, ...string[]]])[] = [
  // This shell passes the program's exit code on; dash would die of the signal.
  ["npm run", ["npm", "run", "job", "--script-shell", "bash"]],
  ["npx", ["npx", "--script-shell", "bash", "tidefill", "run", "increment"]],
];

test.each(ways)(
  "one Ctrl-C under %s acts as one signal: exit code 75, and no lease is left (C2)",
  async (_, line) => {
    const child = typed(...line);
    const ended = outcomeOf(child);
    await until(isUnderWay, { describe: "the run's first batch" });
    signalGroup(child, "SIGINT");
    const { code, stderr } = await ended;
    expect([code, stderr]).toEqual([
      75,
      expect.stringContaining(
        "SIGINT: finishing the current batches. Another one, a second later, stops at once.",
      ),
    ]);
    expect(stderr.match(/SIGINT/g)).toHaveLength(1);
    await requireGivenBack();
  },
);

test("closing the terminal under npm ends the batches and gives the leases back (C2)", async () => {
  const child = typed("npm", "run", "job");
  const ended = outcomeOf(child);
  await until(isUnderWay, { describe: "the run's first batch" });
  signalGroup(child, "SIGHUP");
  await ended;
  await until(
    async () => (await database.query("select from tidefill.run where status = 'interrupted'")).length > 0,
    {
      describe: "the run's end",
    },
  );
  await requireGivenBack();
});
