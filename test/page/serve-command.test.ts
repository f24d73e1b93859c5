import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { until } from "../support/until.ts";
import { SchoolPage } from "./school-page.ts";

let school: SchoolPage;
let served: ChildProcessWithoutNullStreams | null = null;

beforeAll(async () => {
  school = await SchoolPage.open();
  expect((await school.run("run", "label")).code).toBe(0);
});
afterEach(async () => {
  if (served === null) return;
  served.kill("SIGTERM");
  if (served.exitCode === null) await once(served, "exit");
  served = null;
});
afterAll(() => school.close());

/** Starts `tidefill serve` as its users do; resolves with what it has printed once it listens. */
async function serve(...parameters: readonly string[]): Promise<string> {
  const child = school.start("serve", "--port", "0", "--database-url", school.url("viewer"), ...parameters);
  served = child;
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  await until(async () => said.includes("The page: ") || child.exitCode !== null, {
    describe: "the page is served",
  });
  return said;
}

/** The link in what the program printed last, opened: the cookie of the session and the address. */
async function open(said: string): Promise<{ readonly origin: string; readonly cookie: string }> {
  const link = /The page: (\S+)/.exec(said)?.[1] ?? "";
  const response = await fetch(link, { redirect: "manual" });
  const cookie = response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  return { origin: new URL(link).origin, cookie };
}

test("prints a link that works once, and says what the page cannot do", async () => {
  const said = await serve();
  expect(said).toMatch(/The page: http:\/\/127\.0\.0\.1:\d+\/\?token=\S{32}\nThe link works once/);
  expect(said).toContain("It has no buttons: --operator-url");
  const { origin, cookie } = await open(said);
  const text = await (await fetch(origin, { headers: { cookie, accept: "text/html" } })).text();
  expect(text).toContain("label");
});

test("shows the plan of a job with its checklist, and says what its role cannot know", async () => {
  const { origin, cookie } = await open(await serve());
  const { rows } = await school.database.pool.query("select current_database() as name");
  const path = `/jobs/${rows[0].name}/label`;
  const response = await fetch(`${origin}${path}`, { headers: { cookie, accept: "text/html" } });
  const text = await response.text();
  expect(response.status, text).toBe(200);
  expect(text).toMatch(/updates label of counters[\s\S]*Checklist[\s\S]*reversible[\s\S]*performance/);
  expect(text).toContain("own role may not read or write what the job does");
  expect(text).toMatch(/<code>tidefill plan label --jobs \S+ --schema page_\w+<\/code>/);
});

test("a signal ends it, with tabs open", async () => {
  const said = await serve();
  const { origin, cookie } = await open(said);
  const stream = await fetch(origin, { headers: { cookie, accept: "text/event-stream" } });
  const child = served as ChildProcessWithoutNullStreams;
  child.kill("SIGINT");
  await once(child, "exit");
  await stream.text().catch(() => {});
  expect(child.exitCode).toBe(0);
});

test.each([
  [["--host", "0.0.0.0"], "needs --auth"],
  [["--host", "0.0.0.0", "--auth", "token"], "how browsers reach the page"],
  [["--auth", "proxy"], "how browsers reach the page"],
  [["--auth", "proxy", "--public-url", "https://tidefill.example"], "from which address the proxy connects"],
  [
    ["--auth", "proxy", "--public-url", "https://tidefill.example", "--trusted-proxy", "10.0.0.0/99"],
    "10.0.0.0/99",
  ],
  [["--public-url", "https://tidefill.example/path"], "without a path"],
  [["--auth", "token"], "needs a token"],
  [["--operators", "alice"], "belong to --auth proxy"],
  [["--port", "99999"], "must be a port"],
  [["--notify", "http://127.0.0.1:1"], "needs the operator role"],
  [["--notify", "not an address"], "wants the address of a webhook"],
])("refuses %s", async (parameters, words) => {
  const { code, stderr } = await school.run("serve", "--port", "0", ...parameters);
  expect([code, stderr]).toEqual([2, expect.stringContaining(words)]);
});

test("takes a token from a file, for browsers that know it", async () => {
  const file = join(school.tidefill.folder, "token");
  await writeFile(file, "a-token-that-nothing-guesses\n");
  const said = await serve("--auth", "token", "--token-file", file);
  const origin = /The page: (\S+)/.exec(said)?.[1] ?? "";
  expect(origin).not.toContain("token=");
  const response = await fetch(`${origin}/?token=a-token-that-nothing-guesses`, { redirect: "manual" });
  expect(response.status).toBe(303);
});
