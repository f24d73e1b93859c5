import { once } from "node:events";
import { createServer } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { CommandLine } from "../support/tidefill.ts";
import { until } from "../support/until.ts";
import { goldenManifests, podOf } from "./manifests.ts";

const database = useDatabase();
let commandLine: CommandLine;

beforeAll(async () => {
  commandLine = await CommandLine.open(database.url, {});
});

afterAll(() => commandLine.close());

const [workers, hook] = ["Deployment", "Job"].map(
  (each) => podOf(goldenManifests("smallest").find(({ kind }) => kind === each)!)!.spec.containers[0],
);

/** What the chart has a container type behind `tidefill`. */
function typed({
  command,
  args,
}: {
  command: readonly string[];
  args: readonly string[];
}): readonly string[] {
  return [...command.slice(2), ...args];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, "listening");
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, "close");
  return port;
}

test("the chart's hook installs the queue, and finds it installed the next time", async () => {
  expect(await commandLine.run(...typed(hook))).toMatchObject({ code: 0 });
  expect(await commandLine.run(...typed(hook))).toMatchObject({ code: 0 });
});

test("the chart's worker answers the probes, shows what the alerts look at, and ends by SIGTERM", async () => {
  const port = await freePort();
  const words = typed(workers).map((word) =>
    word === String(workers.ports[0].containerPort) ? String(port) : word,
  );
  const worker = commandLine.start(...words);
  const ended = once(worker, "exit");
  const get = async (path: string): Promise<Response | null> =>
    fetch(`http://127.0.0.1:${port}${path}`).catch(() => null);
  const ask = async (probe: { httpGet: { path: string } }): Promise<boolean> =>
    (await get(probe.httpGet.path))?.status === 200;
  for (const name of ["startupProbe", "readinessProbe", "livenessProbe"])
    await until(() => ask(workers[name]), { describe: `${name} succeeds` });
  const metrics = await until(
    async () => {
      const text = (await (await get("/metrics"))?.text()) ?? "";
      return text.includes('tidefill_queue_items{state="dead"} 0') && text;
    },
    { describe: "the worker has read the queue" },
  );
  expect(metrics).toContain("tidefill_queue_oldest_seconds 0");
  worker.kill("SIGTERM");
  // It stays for the scrape that sees its end.
  await until(async () => (await get("/metrics")) === null, { describe: "the worker has gone" });
  expect(await ended).toEqual([0, null]);
});
