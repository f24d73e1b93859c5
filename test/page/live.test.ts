import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { LivePages } from "../../src/page/read/live-pages.ts";
import { lookMs } from "../../src/page/read/look.ts";
import { until } from "../support/until.ts";
import { findNginx, Nginx } from "./nginx.ts";
import { SchoolPage, type ServedPage, throughProxy } from "./school-page.ts";

let school: SchoolPage;

beforeAll(async () => {
  school = await SchoolPage.open(1_000);
  await school.run("run", "label");
});
afterAll(() => school.close());

/** A tab: it listens to a page's changes, and fetches the page after each, as the script of a page does. */
class Tab {
  changes = 0;
  comments = 0;
  text = "";
  readonly #abort = new AbortController();

  async open(page: ServedPage | string, path: string): Promise<this> {
    const headers = { accept: "text/event-stream" };
    const response =
      typeof page === "string"
        ? await fetch(page + path, { headers, signal: this.#abort.signal })
        : await page.get(path, headers, this.#abort.signal);
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    // nginx keeps this header for itself.
    if (typeof page !== "string") expect(response.headers.get("x-accel-buffering")).toBe("no");
    const fetchPage = async (): Promise<void> => {
      if (typeof page !== "string") await (await page.get(path, { "x-fragment": "1" })).text();
    };
    void this.#read(response, fetchPage).catch(() => {});
    return this;
  }

  async #read(response: Response, fetchPage: () => Promise<void>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      this.text += decoder.decode(chunk as Uint8Array, { stream: true });
      const before = this.changes;
      this.changes = this.text.split("event: changed").length - 1;
      if (this.changes > before) await fetchPage();
    }
  }

  close(): void {
    this.#abort.abort();
  }
}

/** How often the page's most frequent reading of tidefill's tables was asked while `action` ran. */
async function timesRead(action: () => Promise<void>): Promise<number> {
  const query = vi.spyOn(pg.Client.prototype, "query");
  try {
    await action();
    const times = new Map<string, number>();
    for (const [statement] of query.mock.calls) {
      const text = JSON.stringify(statement);
      // Each reading has a `begin` and a `commit` of its own.
      if (text.includes(school.schema)) times.set(text, (times.get(text) ?? 0) + 1);
    }
    return Math.max(0, ...times.values());
  } finally {
    query.mockRestore();
  }
}

test("a tab is told when something changes, and of nothing while nothing does", async () => {
  const page = await school.serve();
  await page.signIn();
  const tab = await new Tab().open(page, "/");
  await until(async () => tab.changes === 1, { describe: "the first look" });
  await delay(2_500);
  expect(tab.changes).toBe(1);
  await school.run("run", "label", "--again");
  await until(async () => tab.changes > 1, { describe: "a change" });
  tab.close();
  await until(async () => page.server.tabs === 0, { describe: "the tab is gone" });
});

test("fifty tabs ask the database no more than one, and none ask nothing", async () => {
  const page = await school.serve();
  await page.signIn();
  const during = async (tabs: number): Promise<{ read: number; looks: number }> => {
    const began = performance.now();
    const read = await timesRead(async () => {
      const open = await Promise.all(
        Array.from({ length: tabs }, () => new Tab().open(page, "/runs/school/1")),
      );
      await until(async () => open.every(({ changes }) => changes > 0), { describe: "all tabs are told" });
      await delay(4 * lookMs);
      for (const tab of open) tab.close();
      await until(async () => page.server.tabs === 0, { describe: "all tabs are closed" });
    });
    return { read, looks: (performance.now() - began) / (0.9 * lookMs) };
  };
  expect((await during(0)).read).toBe(0);
  expect((await during(1)).read).toBeGreaterThan(1);
  const fifty = await during(50);
  expect(fifty.read).toBeLessThanOrEqual(fifty.looks + 1);
});

test("a tab that comes later is told at once, since what it shows may be older", async () => {
  const page = await school.serve();
  await page.signIn();
  const first = await new Tab().open(page, "/queue");
  await until(async () => first.changes === 1, { describe: "the first look" });
  const second = await new Tab().open(page, "/queue");
  await until(async () => second.changes === 1, { describe: "the second tab is told" });
  first.close();
  second.close();
  await until(async () => page.server.tabs === 0, { describe: "both are gone" });
});

test("a page that hangs holds up no other, and is said to be in trouble", async () => {
  const pages = new LivePages(String);
  const told: string[] = [];
  const leave = [
    pages.watch(
      "hangs",
      () => new Promise(() => {}),
      ({ event }) => told.push(`hangs: ${event}`),
    ),
    pages.watch(
      "works",
      async () => String(told.length),
      ({ event }) => told.push(`works: ${event}`),
    ),
  ];
  await until(async () => told.filter((each) => each === "works: changed").length > 2, { describe: "looks" });
  await until(async () => told.includes("hangs: trouble"), { describe: "the page that hangs" });
  for (const each of leave) each();
  pages.close();
});

test("a tab that does not read holds nothing up, and nothing piles up for it", async () => {
  const page = await school.serve();
  await page.signIn();
  const [still, tab] = [
    await page.get("/", { accept: "text/event-stream" }),
    await new Tab().open(page, "/"),
  ];
  await until(async () => tab.changes > 0, { describe: "the other tab is told" });
  await still.body?.cancel();
  tab.close();
  await until(async () => page.server.tabs === 0, { describe: "both are gone" });
});

test("a statement of the page that takes too long is given up, and the page says so", async () => {
  const page = await school.serve();
  await page.signIn();
  const client = await school.database.pool.connect();
  await client.query("begin");
  await client.query(`lock table ${school.schema}.run in access exclusive mode`);
  const response = await page.get("/runs/school/1");
  expect(response.status).toBe(503);
  await client.query("rollback");
  client.release();
  expect((await page.get("/runs/school/1")).status).toBe(200);
});

describe.skipIf(findNginx() === undefined)("behind nginx", () => {
  test.each([
    ["with its defaults, which buffer", ["proxy_http_version 1.1;"]],
    ["without buffering", ["proxy_buffering off;", "proxy_http_version 1.1;", "proxy_read_timeout 1h;"]],
    ["with HTTP/1.0 to the page", []],
  ])("%s, events arrive at once, and buttons work", async (_, directives) => {
    const port = await Nginx.reserve();
    const publicUrl = `http://127.0.0.1:${port}`;
    const page = await school.serve({ access: throughProxy(), publicUrl });
    const nginx = await Nginx.start(port, page.server.port, directives);
    try {
      const tab = await new Tab().open(publicUrl, "/");
      await until(async () => tab.changes > 0, { describe: "an event comes through" });
      expect(await (await fetch(publicUrl, { headers: { accept: "text/html" } })).text()).toContain(
        "alice, operator",
      );
      const pressed = await fetch(`${publicUrl}/runs/school/1/pause`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-tidefill": "page", origin: publicUrl },
        body: "{}",
      });
      expect([pressed.status, await pressed.json()]).toEqual([
        409,
        expect.objectContaining({ error: expect.stringContaining("cannot pause it now") }),
      ]);
      tab.close();
    } finally {
      await nginx.stop();
    }
  });
});
