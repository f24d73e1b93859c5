import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Outcome, runCommand } from "./command-host.ts";

export type { Outcome } from "./command-host.ts";

const program = fileURLToPath(new URL("../../bin/tidefill.js", import.meta.url));

/** The command line, with a folder of jobs. */
export class CommandLine {
  readonly #databaseUrl: string;
  readonly #folder: string;
  readonly #running = new Set<ChildProcessWithoutNullStreams>();

  private constructor(databaseUrl: string, folder: string) {
    this.#databaseUrl = databaseUrl;
    this.#folder = folder;
  }

  /** A command line whose jobs are these files, by name. */
  static async open(databaseUrl: string, jobs: Readonly<Record<string, string>>): Promise<CommandLine> {
    const folder = await mkdtemp(join(tmpdir(), "tidefill-jobs-"));
    const commandLine = new CommandLine(databaseUrl, folder);
    for (const [name, text] of Object.entries(jobs)) await commandLine.write(name, text);
    return commandLine;
  }

  /** where its jobs are */
  get folder(): string {
    return this.#folder;
  }

  async write(name: string, text: string): Promise<void> {
    await writeFile(join(this.#folder, name), text);
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.#folder, name));
  }

  /** Starts a command as its users do, as a process of its own. */
  start(...parameters: readonly string[]): ChildProcessWithoutNullStreams {
    const child = spawn(process.execPath, [program, ...parameters, "--jobs", this.#folder], {
      env: this.#environment,
    });
    this.#running.add(child);
    child.once("exit", () => this.#running.delete(child));
    return child;
  }

  /** Runs a command to its end. */
  async run(...parameters: readonly string[]): Promise<Outcome> {
    const typed = [...parameters, "--jobs", this.#folder];
    const { code, stdout, stderr } = await runCommand({
      parameters: typed,
      cwd: process.cwd(),
      env: this.#environment,
    });
    return { code, stdout: withoutFolder(stdout), stderr: withoutFolder(stderr) };
  }

  get #environment(): NodeJS.ProcessEnv {
    return { ...process.env, DATABASE_URL: this.#databaseUrl, NO_COLOR: "1" };
  }

  /** Runs a command with `--json` and reads what it printed. */
  async json(
    ...parameters: readonly string[]
  ): Promise<{ readonly code: number | null; readonly value: Record<string, unknown> }> {
    const { code, stdout, stderr } = await this.run(...parameters, "--json");
    try {
      return { code, value: JSON.parse(stdout) as Record<string, unknown> };
    } catch {
      throw new Error(`No JSON on stdout (exit code ${code}): ${stdout}\n${stderr}`);
    }
  }

  async killAll(): Promise<void> {
    for (const child of this.#running) child.kill("SIGKILL");
  }

  async close(): Promise<void> {
    await this.killAll();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Waits for a process's end and gathers what it printed, with the commands in it as they are where the jobs lie in `jobs`. */
export async function outcomeOf(child: ChildProcessWithoutNullStreams): Promise<Outcome> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  const [code] = (await once(child, "close")) as [number | null];
  const text = (chunks: readonly Buffer[]): string => withoutFolder(Buffer.concat(chunks).toString());
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

function withoutFolder(text: string): string {
  return text.replaceAll(/ --jobs \S*tidefill-jobs-\w+/g, "");
}
