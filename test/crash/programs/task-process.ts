import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "vitest";
import { afterEveryTest } from "../../support/clean-up.ts";
import { spawnProgram } from "../../support/spawn-program.ts";
import type { Asked } from "./counters.ts";
import type { Random } from "./random.ts";
import type { TaskOptions } from "./task-runner.ts";

const program = new URL("./task-runner.ts", import.meta.url);

type Told = Readonly<Record<string, unknown>> & { readonly type: string };

const started = new Set<TaskProcess>();

afterEveryTest(async () => {
  for (const each of started) each.kill();
  await Promise.all([...started].map((each) => each.ended));
  started.clear();
});

/** A real process working on a task of `task-runner.ts`; killed after the test at the latest. */
export class TaskProcess {
  readonly told: Told[] = [];
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  #complaints = "";
  isRunning = true;

  constructor(options: TaskOptions) {
    this.#child = spawnProgram(program, options);
    createInterface({ input: this.#child.stdout! }).on("line", (line) =>
      this.told.push(JSON.parse(line) as Told),
    );
    this.#child.stderr!.on("data", (chunk: Buffer) => {
      this.#complaints += chunk.toString();
    });
    this.ended = new Promise((resolve) => {
      this.#child.once("close", () => {
        this.isRunning = false;
        resolve();
      });
    });
    started.add(this);
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Why the process did not end with a succeeded run, or null. */
  get trouble(): string | null {
    const [last] = this.told.slice(-1);
    if (last?.type === "report" && last.status === "succeeded") return null;
    if (["run-is-unfinished", "not-done-already"].includes(String(last?.check))) return null;
    return `${JSON.stringify(last ?? "nothing told")} ${this.#complaints}`;
  }
}

/** The number of committed batches of a run. */
export async function batchesOf(database: Asked, run: number): Promise<number> {
  const [there] = await database.query("select to_regclass('tidefill.range') as it");
  if (there?.it === null) return 0;
  const [row] = await database.query(
    "select coalesce(sum(batches), 0)::integer as batches from tidefill.range where run_id = $1",
    [run],
  );
  return Number(row?.batches);
}

/**
 * Repeatedly kills one of two processes at a random moment and replaces it, then kills both. Returns the
 * batches done.
 */
export async function killAgainAndAgain(
  database: Asked,
  random: Random,
  kills: number,
  run: number,
  options: TaskOptions,
): Promise<number> {
  const processes = [new TaskProcess(options), new TaskProcess(options)];
  for (let killed = 0; killed < kills; ) {
    await delay(random.between(50, 700));
    // Killing a process that has not begun proves nothing.
    const which = random.between(0, 1);
    const victim = processes[which]!;
    if (victim.isRunning && victim.told.length === 0) continue;
    if (!victim.isRunning && victim.trouble === null) break;
    expect(victim.isRunning, String(victim.trouble)).toBe(true);
    victim.kill();
    await victim.ended;
    killed += 1;
    processes[which] = new TaskProcess(options);
  }
  for (const each of processes) {
    each.kill();
    await each.ended;
  }
  return batchesOf(database, run);
}

/** Lets two processes finish a run. */
export async function finish(options: TaskOptions): Promise<void> {
  const last = [new TaskProcess(options), new TaskProcess(options)];
  for (const each of last) {
    await each.ended;
    expect(each.trouble).toBeNull();
  }
}
