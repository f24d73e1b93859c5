import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** Samples of one series: seconds since the epoch and the value as Prometheus prints it ("NaN", "+Inf"). */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [at: number, value: string])[];
}

/** A loaded rule as Prometheus reports it; `health` is "ok" once the rule was evaluated without an error. */
export interface Rule {
  readonly type: "alerting" | "recording";
  readonly name: string;
  readonly query: string;
  readonly health: "ok" | "err" | "unknown";
  readonly lastError?: string;
}

interface Settings {
  /** host:port to scrape at /metrics, every second. */
  readonly targets: readonly string[];
  readonly ruleFiles?: readonly string[];
}

type InstantResult = readonly {
  readonly metric: Series["metric"];
  readonly value: Series["values"][number];
}[];

const deadlineMs = 30_000;

/**
 * The path of `prometheus` or `promtool`: in the folder TIDEFILL_PROMETHEUS, else on PATH; undefined if there
 * is none. Throws if TIDEFILL_PROMETHEUS lacks the binary.
 */
export function findBinary(name: "prometheus" | "promtool"): string | undefined {
  const folder = process.env.TIDEFILL_PROMETHEUS;
  const folders = folder ? [folder] : (process.env.PATH ?? "").split(delimiter);
  const found = folders.map((each) => join(each, name)).find((file) => existsSync(file));
  if (folder && !found) throw new Error(`TIDEFILL_PROMETHEUS is ${folder}, but there is no ${name} in it.`);
  return found;
}

/** Runs promtool and returns its output; throws with the output when promtool reports an error. */
export function promtool(parameters: readonly string[], input = ""): string {
  const binary = findBinary("promtool");
  if (!binary) throw new Error("promtool is not on PATH; install Prometheus or set TIDEFILL_PROMETHEUS.");
  return execFileSync(binary, parameters, { input, encoding: "utf8", stdio: "pipe" });
}

/** A separate Prometheus on a free port, with an empty database that stop() removes. */
export class Prometheus {
  readonly url: string;
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #killWithUs: () => void;
  #output = "";

  private constructor(process_: ChildProcess, url: string, folder: string) {
    this.#process = process_;
    this.url = url;
    this.#folder = folder;
    this.#process.stderr?.on("data", (chunk) => {
      this.#output += chunk;
    });
    this.#killWithUs = () => this.#process.kill("SIGKILL");
    process.once("exit", this.#killWithUs);
  }

  /** Resolves when every target has been scraped; rejects with Prometheus' log when it does not start. */
  static async start(settings: Settings): Promise<Prometheus> {
    const binary = findBinary("prometheus");
    if (!binary) throw new Error("prometheus is not on PATH; install it or set TIDEFILL_PROMETHEUS.");
    const folder = await mkdtemp(join(tmpdir(), "tidefill-prometheus-"));
    const config = join(folder, "prometheus.yml");
    await writeFile(config, configuration(settings));
    const address = `127.0.0.1:${await freePort()}`;
    const child = spawn(
      binary,
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(folder, "data")}`,
        `--web.listen-address=${address}`,
      ],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    const prometheus = new Prometheus(child, `http://${address}`, folder);
    try {
      await prometheus.until("all targets are scraped", () =>
        prometheus.#allTargetsUp(settings.targets.length),
      );
    } catch (error) {
      await prometheus.stop();
      throw error;
    }
    return prometheus;
  }

  /** The value of an expression at one instant (now by default), as series of a single sample. */
  async query(expr: string, at?: number): Promise<readonly Series[]> {
    const result = await this.#get<{ result: InstantResult }>("query", {
      query: expr,
      ...(at === undefined ? {} : { time: String(at) }),
    });
    return result.result.map(({ metric, value }) => ({ metric, values: [value] }));
  }

  /** The values of an expression from one instant to another, every second unless `step` is given. */
  async queryRange(expr: string, start: number, end: number, step = 1): Promise<readonly Series[]> {
    const range = { query: expr, start: String(start), end: String(end), step: String(step) };
    return (await this.#get<{ result: readonly Series[] }>("query_range", range)).result;
  }

  /** The values that Grafana gets for label_values(match, label). */
  async labelValues(match: string, label: string): Promise<readonly string[]> {
    return await this.#get<readonly string[]>(`label/${label}/values`, { "match[]": match });
  }

  /** The rules in the files given at the start. */
  async rules(): Promise<readonly Rule[]> {
    const { groups } = await this.#get<{ groups: readonly { rules: readonly Rule[] }[] }>("rules", {});
    return groups.flatMap((group) => group.rules);
  }

  /** Resolves when the condition holds; rejects after the deadline (30 s), naming what was waited for. */
  async until(what: string, holds: () => Promise<boolean>, withinMs = deadlineMs): Promise<void> {
    const end = Date.now() + withinMs;
    while (!(await holds())) {
      if (this.#process.exitCode !== null || Date.now() > end) {
        throw new Error(`Prometheus at ${this.url}: waited in vain until ${what}.\n${this.#output}`);
      }
      await pause(50);
    }
  }

  /** Ends the process and removes its files. */
  async stop(): Promise<void> {
    process.off("exit", this.#killWithUs);
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const ended = once(this.#process, "exit");
      this.#process.kill("SIGKILL"); // its database is thrown away, so it need not shut down cleanly
      await ended;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #allTargetsUp(expected: number): Promise<boolean> {
    try {
      const answer = await this.#get<{ activeTargets: readonly { health: string }[] }>("targets", {});
      return answer.activeTargets.filter(({ health }) => health === "up").length === expected;
    } catch {
      return false; // not listening yet; until() times out
    }
  }

  async #get<Data>(path: string, parameters: Readonly<Record<string, string>>): Promise<Data> {
    const response = await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const body = (await response.json()) as { status: string; data: Data; error?: string };
    if (body.status !== "success") {
      throw new Error(`Prometheus refused ${path} ${parameters.query ?? ""}: ${body.error}`);
    }
    return body.data;
  }
}

// JSON is valid YAML, and needs no care with quotes.
function configuration({ targets, ruleFiles = [] }: Settings): string {
  return JSON.stringify({
    global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
    rule_files: ruleFiles.map((file) => resolve(file)),
    scrape_configs: [{ job_name: "tidefill", static_configs: [{ targets }] }],
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("A TCP server has no port.");
  server.close();
  await once(server, "close");
  return address.port;
}
