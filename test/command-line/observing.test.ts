import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import type { CommandLine } from "../support/tidefill.ts";
import { fillCounters, openCommandLine } from "./fixtures.ts";

const database = useDatabase();
let tidefill: CommandLine;
let folder: string;

beforeAll(async () => {
  tidefill = await openCommandLine(database);
  folder = await mkdtemp(join(tmpdir(), "tidefill-observing-"));
  // As root the server runs as another user, who must be able to enter its directory.
  await chmod(folder, 0o755);
});
beforeEach(async () => fillCounters(database, 2_000));
afterAll(async () => {
  await tidefill.close();
  await rm(folder, { recursive: true, force: true });
});

test("--log writes each event as a JSON line, without values of rows", async () => {
  const log = join(folder, "events.log");
  await tidefill.run("run", "label", "--param", "word=CANARY-7f3a", "--param", "poison=7", "--log", log);
  const text = await readFile(log, "utf8");
  const events = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { readonly msg: string; readonly run: string });
  expect(events.map((event) => event.msg)).toEqual(
    expect.arrayContaining(["run started", "batch committed", "row rejected", "run stopped"]),
  );
  expect(events.every((event) => event.run === "1")).toBe(true);
  expect(text).not.toContain("CANARY");
});

test("--pushgateway pushes the metrics when the run ends", async () => {
  const pushed: { readonly path: string | undefined; readonly body: string }[] = [];
  const gateway = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    pushed.push({ path: request.url, body: Buffer.concat(chunks).toString() });
    response.end();
  }).listen(0, "127.0.0.1");
  await once(gateway, "listening");
  const { port } = gateway.address() as AddressInfo;
  const { code } = await tidefill.run("run", "increment", "--pushgateway", `http://127.0.0.1:${port}`);
  gateway.close();
  expect(code).toBe(0);
  expect(pushed.map(({ path }) => path)).toEqual(["/metrics/job/tidefill/job_name/increment"]);
  expect(pushed[0]?.body).toContain('tidefill_rows_total{job_name="increment",outcome="written"} 2000');
  expect(pushed[0]?.body).toContain('tidefill_run_state{job_name="increment",state="succeeded"} 1');
});

test("an unreachable Pushgateway is a warning, not a failure of the run", async () => {
  const { code, stderr } = await tidefill.run("run", "increment", "--pushgateway", "http://127.0.0.1:9");
  expect(code).toBe(0);
  expect(stderr).toContain("The metrics could not be pushed");
});

test("a metrics port that is in use is reported before anything starts", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const { code, stderr } = await tidefill.run("run", "increment", "--metrics-port", String(port));
  other.close();
  expect(code).toBe(2);
  expect(stderr).toContain(`Port ${port} for the metrics cannot be used`);
  expect(await database.query("select to_regclass('tidefill.run') as run")).toEqual([{ run: null }]);
});

test("a pipe gets no control characters, and stdout only JSON", async () => {
  const { stdout, stderr } = await tidefill.run("run", "increment", "--json");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
  expect(stdout + stderr).not.toMatch(/[\u0000-\u0008\u000b-\u001f]/);
  expect(JSON.parse(stdout)).toMatchObject({ status: "succeeded" });
});

test("--embedded keeps its database from one command to the next", async () => {
  const home = join(folder, "postgres");
  const first = await tidefill.run("schema", "install", "--embedded", home);
  expect(first).toMatchObject({ code: 0 });
  expect(first.stderr).toContain('Installed the schema "tidefill"');
  const second = await tidefill.run("schema", "install", "--embedded", home);
  expect(second.stderr).toContain("is already installed");
});
