import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { createServer, request as send } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import axe from "axe-core";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { until } from "../support/until.ts";
import { findChromium, launchChromium } from "./chromium.ts";
import { fixedToken, SchoolPage, type ServedPage } from "./school-page.ts";

/** The pictures of the documents are those of the long tests. */
const pictures = process.env.TIDEFILL_LONG === "1" ? join("docs", "images") : null;

describe.skipIf(findChromium() === undefined)("in a real browser", () => {
  let browser: Browser;
  let school: SchoolPage;
  let served: ServedPage;
  let context: BrowserContext;
  let page: Page;
  /** what the browser has complained about, such as a violated policy */
  let complaints: string[] = [];

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  beforeEach(async () => {
    school = await SchoolPage.open(20_000);
    served = await school.serve();
    page = await openTab();
    await page.goto(`${served.origin}/?token=${fixedToken}`);
  });
  afterEach(async () => {
    await context.close();
    await school.close();
  });

  async function openTab(options: BrowserContextOptions = {}): Promise<Page> {
    context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
    context.setDefaultTimeout(120_000);
    const opened = await context.newPage();
    complaints = [];
    opened.on("console", (message) => complaints.push(message.text()));
    opened.on("pageerror", (error) => complaints.push(error.message));
    return opened;
  }

  /** A run that takes long enough to look at; resolves once it works. */
  async function startSlowly(...parameters: readonly string[]) {
    return school.startSlowly(100, "--workers", "2", ...parameters);
  }

  const focused = () => page.evaluate<string>("document.activeElement.textContent");
  const state = (words: RegExp) => page.locator(".head .state", { hasText: words }).waitFor();

  test("the page follows a run that is killed and resumed, without a reload", async () => {
    const killed = await startSlowly("--lease", "2s");
    await page.goto(`${served.origin}/runs/school/1`);
    await page.evaluate("window.isSame = true");
    await state(/running/);
    const before = await page.locator(".head progress").getAttribute("value");
    await until(async () => (await page.locator(".head progress").getAttribute("value")) !== before, {
      describe: "the bar moves by itself",
    });
    killed.kill("SIGKILL");
    await state(/interrupted/);
    await page.getByText("its process vanished").waitFor();
    expect(await page.locator(".head .remedy code").textContent()).toContain("tidefill resume label");
    const resumed = school.start("resume", "label");
    await state(/running/);
    await school.run("set", "label", "rows-per-second=default");
    await once(resumed, "exit");
    await state(/succeeded/);
    expect(await page.title()).toContain("succeeded");
    expect(await page.evaluate("'isSame' in window")).toBe(true);
    expect(complaints).toEqual([]);
  });

  test("a run is paused from the page, after one more question", async () => {
    const child = await startSlowly();
    await page.goto(`${served.origin}/runs/school/1`);
    await page.getByRole("button", { name: "Pause…" }).click();
    await page.getByRole("button", { name: "Leave it" }).click();
    await state(/running/);
    await page.getByRole("button", { name: "Pause…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Pause", exact: true }).click();
    await once(child, "exit");
    await state(/paused/);
    expect(await page.locator("#done").textContent()).toContain("asked to be paused");
    await page.getByRole("cell", { name: "pause", exact: true }).waitFor();
    expect(await page.getByRole("button", { name: "Pause…" }).count()).toBe(0);
  });

  test("a pace is set from the page, and a wrong one says in the dialog what is wrong", async () => {
    const child = await startSlowly();
    await page.goto(`${served.origin}/runs/school/1`);
    await page.getByRole("button", { name: "Set the pace…" }).click();
    await page.getByLabel("Rows a second at most").fill("many");
    await page.getByRole("dialog").getByRole("button", { name: "Set the pace" }).click();
    await page.locator("dialog[open] .answer", { hasText: "many" }).waitFor();
    await page.getByLabel("Rows a second at most").fill("400");
    await page.getByLabel("Workers of each process").fill("1");
    await page.getByRole("dialog").getByRole("button", { name: "Set the pace" }).click();
    await page.getByText("1 worker a process, at most 400 rows/s").first().waitFor();
    child.kill("SIGINT");
    await once(child, "exit");
  });

  test("a dialog that is opened while the page is fetched again stays open", async () => {
    const child = await startSlowly();
    await page.goto(`${served.origin}/runs/school/1`);
    let [isFetching, isOpen] = [false, false];
    const isAnswered = page.waitForResponse(() => isOpen);
    await page.route("**/*", async (route) => {
      if (route.request().headers()["x-fragment"] !== undefined) {
        isFetching = true;
        await until(async () => isOpen, { describe: "the dialog is open" });
      }
      await route.continue();
    });
    await until(async () => isFetching, { describe: "the page is fetched" });
    await page.getByRole("button", { name: "Set the pace…" }).click();
    isOpen = true;
    await isAnswered;
    await page.getByLabel("Rows a second at most").fill("400");
    await page.waitForTimeout(500);
    expect(await page.locator("dialog[open]").count()).toBe(1);
    await page.unrouteAll({ behavior: "ignoreErrors" });
    child.kill("SIGINT");
    await once(child, "exit");
  });

  test("a run is cancelled only by a person who types the job's name", async () => {
    const child = await startSlowly();
    await page.goto(`${served.origin}/runs/school/1`);
    await page.getByRole("button", { name: "Cancel the run…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Cancel the run" }).click();
    await state(/running/);
    await dialog.getByLabel("Type the job’s name").fill("lable");
    await dialog.getByRole("button", { name: "Cancel the run" }).click();
    await page.locator("dialog[open] .answer", { hasText: "type the name of its job" }).waitFor();
    await dialog.getByLabel("Type the job’s name").fill("label");
    await dialog.getByRole("button", { name: "Cancel the run" }).click();
    await once(child, "exit");
    await state(/cancelled/);
  });

  test("the keyboard reaches everything: a button opens, Escape closes, and the focus comes back", async () => {
    const child = await startSlowly();
    await page.goto(`${served.origin}/runs/school/1`);
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("Skip to the content");
    await page.keyboard.press("Enter");
    await until(
      async () => {
        await page.keyboard.press("Tab");
        return (await focused()) === "Pause…";
      },
      { describe: "the focus is on a button", everyMs: 1 },
    );
    await page.keyboard.press("Enter");
    await page.locator("dialog[open]").waitFor();
    expect(await page.evaluate("document.activeElement.closest('dialog') !== null")).toBe(true);
    await page.keyboard.press("Escape");
    expect(await focused()).toBe("Pause…");
    // The page is made again each second meanwhile.
    await until(async () => served.server.tabs === 1, { describe: "the page is live" });
    expect(await focused()).toBe("Pause…");
    child.kill("SIGINT");
    await once(child, "exit");
  });

  test("two hundred runs are listed, active ones first", async () => {
    const child = await startSlowly();
    await school.database.query(`
      insert into ${school.schema}.run (job, status, stop_reason, parameters, reject_limit, code, key_fingerprint,
        table_fingerprint, started_at, finished_at)
      select 'old-' || g, 'succeeded', 'finished', '{}', '0', '{}', '', '', now() - g * interval '1 hour',
        now() - g * interval '1 hour'
      from generate_series(1, 199) g`);
    await page.goto(served.origin);
    await page.getByText("The newest 100 runs of each target are listed.").waitFor();
    expect(await page.locator("tbody tr").count()).toBe(100);
    expect(await page.locator("tbody tr").first().textContent()).toContain("running");
    child.kill("SIGINT");
    await once(child, "exit");
  });

  test("a database that goes away leaves what was known, says so, and is followed once it is back", async () => {
    await school.run("run", "label");
    await page.goto(`${served.origin}/runs/school/1`);
    await until(async () => served.server.tabs === 1, { describe: "the page is live" });
    const { name } = school.database;
    const [row] = await school.database.query("select current_user as role");
    expect(row?.role).toBeTypeOf("string");
    await school.administer(`alter database ${name} with allow_connections false`);
    await school.administer(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}' and application_name = 'tidefill serve'`,
    );
    await page.locator("#trouble", { hasText: "The page shows what was known last" }).waitFor();
    await state(/succeeded/);
    await school.administer(`alter database ${name} with allow_connections true`);
    await page.locator("#trouble:empty").waitFor({ state: "attached" });
  });

  test("a page behind a proxy that answers 502 for a moment goes on by itself", async () => {
    let isAway = false;
    const proxy = createServer((request, response) => {
      if (isAway) return response.writeHead(502).end("bad gateway");
      const { url, method, headers } = request;
      const forwarded = send(
        served.address + url,
        { method, headers: { ...headers, host: new URL(served.origin).host } },
        (answer) => {
          response.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(response);
        },
      );
      forwarded.on("error", () => response.destroy());
      request.pipe(forwarded);
      response.on("close", () => forwarded.destroy());
      return undefined;
    }).listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const origin = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    await page.goto(`${origin}/?token=${fixedToken}`);
    await until(async () => served.server.tabs === 1, { describe: "the page is live" });
    isAway = true;
    proxy.closeAllConnections();
    await page.locator("#trouble", { hasText: "tries again" }).waitFor();
    await until(async () => served.server.tabs === 0, { describe: "the tab is gone" });
    isAway = false;
    await until(async () => served.server.tabs === 1, { describe: "the tab is back" });
    await page.locator("#trouble:empty").waitFor({ state: "attached" });
    proxy.close();
    proxy.closeAllConnections();
  });

  test("a server that goes away is said", async () => {
    await page.goto(served.origin);
    await until(async () => served.server.tabs === 1, { describe: "the page is live" });
    await served.server.stop();
    await page.locator("#trouble", { hasText: "No connection to tidefill serve" }).waitFor();
  });

  test("a hidden tab asks nothing, and a visible one is told again", async () => {
    await page.goto(served.origin);
    await until(async () => served.server.tabs === 1, { describe: "the page is live" });
    const show = (isHidden: boolean) =>
      page.evaluate(
        `Object.defineProperty(document, "hidden", { value: ${isHidden}, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));`,
      );
    await show(true);
    await until(async () => served.server.tabs === 0, { describe: "the hidden tab is left alone" });
    await show(false);
    await until(async () => served.server.tabs === 1, { describe: "the visible tab is told again" });
  });

  test("without JavaScript all is there but the buttons, whose commands are shown", async () => {
    const child = await startSlowly();
    const state = await context.storageState();
    await context.close();
    page = await openTab({ javaScriptEnabled: false, storageState: state });
    await page.goto(`${served.origin}/runs/school/1`);
    expect(await page.locator(".head .state").textContent()).toContain("running");
    expect(await page.locator(".buttons").first().isVisible()).toBe(false);
    expect(await page.locator("noscript").textContent()).toContain("tidefill pause label");
    await page.getByRole("link", { name: "Jobs" }).click();
    expect(await page.locator("h1").textContent()).toBe("Jobs");
    child.kill("SIGINT");
    await once(child, "exit");
  });

  test("nothing comes from another host, nothing moves, and no policy is violated", async () => {
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    await school.run("run", "label");
    for (const path of ["/", "/runs/school/1", "/jobs", "/queue", "/audit"])
      await page.goto(served.origin + path);
    await page.goto(`${served.origin}/runs/school/1`);
    await page.locator(".charts canvas").first().waitFor();
    expect(asked.filter((url) => !url.startsWith(`${served.origin}/`))).toEqual([]);
    expect(await page.evaluate("document.getAnimations().length")).toBe(0);
    expect(complaints).toEqual([]);
  });

  test.each(["light", "dark"] as const)("axe finds nothing serious in a %s page", async (colorScheme) => {
    await school.run("run", "label", "--param", "poison=3", "--reject-limit", "100%");
    await school.database.query("update counters set label = null");
    const child = await startSlowly("--again");
    const storageState = await context.storageState();
    await context.close();
    page = await openTab({ colorScheme, storageState });
    for (const path of [
      "/",
      "/runs/school/1",
      "/runs/school/2",
      "/runs/school/1/rejects",
      "/jobs",
      "/queue",
      "/audit",
    ]) {
      await page.goto(served.origin + path);
      expect(await seriousIn(page), path).toEqual([]);
    }
    await page.goto(`${served.origin}/runs/school/2`);
    await page.getByRole("button", { name: "Set the pace…" }).click();
    expect(await seriousIn(page), "a dialog").toEqual([]);
    child.kill("SIGINT");
    await once(child, "exit");
  });

  test("on a phone nothing is wider than the screen", async () => {
    await school.run("run", "label", "--param", "poison=3", "--reject-limit", "100%");
    const storageState = await context.storageState();
    await context.close();
    page = await openTab({ viewport: { width: 360, height: 740 }, storageState });
    for (const path of ["/", "/runs/school/1", "/runs/school/1/rejects", "/jobs", "/audit"]) {
      await page.goto(served.origin + path);
      const wide = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth");
      expect(wide, path).toBeLessThanOrEqual(0);
    }
  });

  test.skipIf(pictures === null)("the pictures of the documents are of a real run", async () => {
    await school.run("run", "label", "--param", "poison=3", "--reject-limit", "100");
    await school.run("verify", "label");
    await school.run("undo", "1", "--yes");
    const child = await startSlowly("--param", "poison=3", "--reject-limit", "100");
    for (const pace of ["rows-per-second=100", "rows-per-second=500", "workers=1"]) {
      await page.waitForTimeout(15_000);
      await school.run("set", "label", pace);
    }
    await page.goto(`${served.origin}/runs/school/4`);
    await page.locator(".charts canvas").nth(1).waitFor();
    await page.waitForTimeout(2_000);
    await mkdir(pictures ?? "", { recursive: true });
    await page.screenshot({ path: join(pictures ?? "", "page-run.png") });
    await page.goto(served.origin);
    await page.screenshot({
      path: join(pictures ?? "", "page-runs.png"),
      clip: { x: 0, y: 0, width: 1200, height: 320 },
    });
    child.kill("SIGINT");
    await once(child, "exit");
  });
});

/** What axe-core calls serious or critical on a page. */
async function seriousIn(page: Page): Promise<readonly string[]> {
  // The policy of the page forbids scripts of elsewhere; a test may put one in from outside.
  await page.evaluate(axe.source);
  return page.evaluate<string[]>(`axe.run().then(({ violations }) => violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html).slice(0, 3).join(" ")))`);
}
