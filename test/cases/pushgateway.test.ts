import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { fillCounters, openCommandLine } from "../command-line/fixtures.ts";
import { useDatabase } from "../support/database.ts";
import type { CommandLine } from "../support/tidefill.ts";

const database = useDatabase();
let tidefill: CommandLine;
let gateway: Server;
let url: string;

/** The metrics as a Pushgateway keeps them: by the address of the group, then by the name of the metric. */
const groups = new Map<string, Map<string, string[]>>();

beforeAll(async () => {
  tidefill = await openCommandLine(database);
  gateway = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    keep(request.url ?? "", Buffer.concat(chunks).toString());
    response.end();
  }).listen(0, "127.0.0.1");
  await once(gateway, "listening");
  url = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
});
beforeEach(async () => {
  groups.clear();
  await fillCounters(database, 200);
});
afterAll(async () => {
  gateway.close();
  await tidefill.close();
});

/** A POST replaces only the pushed metrics of the group and leaves its other metrics. */
function keep(path: string, body: string): void {
  const pushed = new Map<string, string[]>();
  for (const sample of body.split("\n").filter((line) => line !== "" && !line.startsWith("#"))) {
    const name = sample.split(/[{ ]/, 1)[0] ?? "";
    pushed.set(name, [...(pushed.get(name) ?? []), sample]);
  }
  groups.set(path, new Map([...(groups.get(path) ?? []), ...pushed]));
}

function held(name: string): string[] {
  const samples = [...groups.values()].flatMap((group) => group.get(name) ?? []);
  return samples.map((sample) => sample.replace(/ \S+$/, "")).sort();
}

test("a job's metrics stay in the Pushgateway when another job pushes (F1)", async () => {
  await tidefill.run("run", "increment", "--pushgateway", url);
  await tidefill.run("run", "label", "--param", "word=x", "--pushgateway", url);
  expect(held("tidefill_last_success_timestamp_seconds")).toEqual([
    'tidefill_last_success_timestamp_seconds{job_name="increment"}',
    'tidefill_last_success_timestamp_seconds{job_name="label"}',
  ]);
  expect([...groups.keys()].sort()).toEqual([
    "/metrics/job/tidefill/job_name/increment",
    "/metrics/job/tidefill/job_name/label",
  ]);
});

test("a run that fails keeps the time of its job's last success (F1)", async () => {
  await tidefill.run("run", "label", "--param", "word=x", "--pushgateway", url);
  const poisoned = ["--param", "word=y", "--param", "poison=7", "--reject-limit", "0", "--again"];
  expect((await tidefill.run("run", "label", ...poisoned, "--pushgateway", url)).code).toBe(1);
  expect(held("tidefill_last_success_timestamp_seconds")).toHaveLength(1);
  expect(groups.get("/metrics/job/tidefill/job_name/label")?.get("tidefill_run_state")).toContain(
    'tidefill_run_state{job_name="label",state="failed"} 1',
  );
});
