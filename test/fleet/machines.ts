import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runCommand } from "../support/command-host.ts";

const program = fileURLToPath(new URL("../../bin/tidefill.js", import.meta.url));

/** Adds one to each row: a row that is written twice, or never, shows. */
export const increment = (delayMs: number): string => `
import { setTimeout as delay } from "node:timers/promises";
import { defineJob, rowsOf, table, update } from "tidefill";
const counters = table("counters", { key: "id", columns: { id: "bigint", n: "integer", label: "text?" } });
export default defineJob({
  name: "increment",
  source: rowsOf(counters, { read: ["n"] }),
  transform: async ({ n }) => {
    await delay(${delayMs});
    return { n: n + 1 };
  },
  sink: update(counters, ["n"]),
  pace: { batchTime: "50ms" },
});
`;

/** A folder with jobs and targets, and workers that are processes of their own, as on machines of a fleet. */
export class Machines {
  readonly folder: string;
  readonly #queueUrl: string;
  readonly #targets: Readonly<Record<string, string>>;
  readonly #running = new Set<ChildProcess>();
  /** what each worker has said */
  readonly said = new Map<ChildProcess, string>();

  private constructor(folder: string, queueUrl: string, targets: Readonly<Record<string, string>>) {
    this.#targets = targets;
    this.folder = folder;
    this.#queueUrl = queueUrl;
  }

  /** `targets` are addresses by name. */
  static async open(
    queueUrl: string,
    targets: Readonly<Record<string, string>>,
    jobs: Readonly<Record<string, string>>,
  ): Promise<Machines> {
    const folder = await mkdtemp(join(tmpdir(), "tidefill-fleet-"));
    await mkdir(join(folder, "jobs"));
    for (const [name, text] of Object.entries(jobs))
      await writeFile(join(folder, "jobs", `${name}.ts`), text);
    const machines = new Machines(folder, queueUrl, targets);
    await machines.writeTargets((url) => ({ url }));
    return machines;
  }

  /** Writes the list of targets; `describe` makes each of its address. */
  async writeTargets(describe: (url: string) => object): Promise<void> {
    const listed = Object.fromEntries(
      Object.entries(this.#targets).map(([name, url]) => [name, describe(url)]),
    );
    await writeFile(
      join(this.folder, "tidefill.targets.ts"),
      `import { defineTargets } from "tidefill";\nexport default defineTargets(${JSON.stringify(listed)});\n`,
    );
  }

  /** Starts a command; `on` are the words before it that choose a host. */
  start(words: readonly string[], on: readonly string[] = [], queueUrl = this.#queueUrl): ChildProcess {
    const [first = process.execPath, ...rest] = [...on, process.execPath, program, ...words];
    const child = spawn(first, rest, {
      cwd: this.folder,
      env: environment(queueUrl),
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#running.add(child);
    child.once("exit", () => this.#running.delete(child));
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.said.set(child, `${this.said.get(child) ?? ""}${text}`);
      });
    return child;
  }

  /** Runs a command to its end; returns its exit code and all that it printed. */
  async run(...words: readonly string[]): Promise<{ readonly code: number | null; readonly text: string }> {
    const typed = { parameters: words, cwd: this.folder, env: environment(this.#queueUrl) };
    const { code, stdout, stderr } = await runCommand(typed);
    return { code, text: `${stdout}${stderr}` };
  }

  async close(): Promise<void> {
    const gone = [...this.#running].map((child) => new Promise((resolve) => child.once("exit", resolve)));
    for (const child of this.#running) child.kill("SIGKILL");
    await Promise.all(gone);
    await rm(this.folder, { recursive: true, force: true });
  }
}

function environment(queueUrl: string): NodeJS.ProcessEnv {
  const { DATABASE_URL: _, ...inherited } = process.env;
  return { ...inherited, TIDEFILL_QUEUE_URL: queueUrl, NO_COLOR: "1" };
}
