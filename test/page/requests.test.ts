import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requestStop } from "../../src/engine/control/request-stop.ts";
import { setPace } from "../../src/engine/control/set-pace.ts";
import { TokenAccess } from "../../src/page/access/token-access.ts";
import { withSession } from "../../src/store/session.ts";
import { SchoolPage, type ServedPage, throughProxy } from "./school-page.ts";

let school: SchoolPage;
/** signed in by a token, with an operator's address */
let page: ServedPage;

beforeAll(async () => {
  school = await SchoolPage.open();
  page = await school.serve();
  await page.signIn();
  // Run 1 has rejects and is finished; run 2 is paused.
  await school.run("run", "label", "--param", "poison=3", "--reject-limit", "100%");
  await school.database.query("update counters set label = null");
  const child = await school.startSlowly(50, "--again", "--workers", "1");
  await school.run("pause", "label");
  await new Promise((resolve) => child.once("exit", resolve));
});
afterAll(() => school.close());

describe("pages", () => {
  const pages = {
    "/": /Runs[\s\S]*1 paused[\s\S]*label[\s\S]*progress/,
    "/runs/school/1":
      /label, run 1[\s\S]*rows written[\s\S]*Rejects by reason[\s\S]*it is poison[\s\S]*Audit/,
    "/runs/school/2": /paused[\s\S]*an operator paused it[\s\S]*tidefill resume label/,
    "/runs/school/1/rejects": /Rejects of[\s\S]*3 rows[\s\S]*rejects\.csv/,
    "/jobs": /label[\s\S]*row job/,
    "/queue": /There is no queue here/,
    "/audit": /Audit trail of school[\s\S]*pause/,
    "/audit/school": /Audit trail of school/,
  };
  test.each(Object.entries(pages))("%s says what the command line says", async (path, words) => {
    const response = await page.get(path);
    const text = await response.text();
    expect(response.status, text).toBe(200);
    expect(text).toMatch(words);
  });

  test.each(Object.keys(pages))(
    "%s holds no value of a row, no inline script and no inline style",
    { tags: ["promise"] },
    async (path) => {
      const text = await page.text(path);
      expect(text).not.toContain("SECRET-");
      expect(text).not.toMatch(/<script(?![^>]*\ssrc=)/);
      expect(text).not.toMatch(/<[^>]+\son\w+=/);
      expect(text).not.toMatch(/<[^>]+\sstyle=/);
      expect(text).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
    },
  );

  test("a run that is not there, a target that is not there, and a page that is not there are named", async () => {
    for (const [path, words] of [
      ["/runs/school/99", /no run 99/],
      ["/runs/school/x", /no run x/],
      ["/runs/elsewhere/1", /no target .*elsewhere/],
      ["/jobs/school/lable", /no job .*lable/],
      ["/nothing", /no such page/],
    ] as const) {
      const response = await page.get(path);
      expect(response.status, path).toBe(404);
      expect(await response.text()).toMatch(words);
    }
  });

  test("a fragment is the main part alone, for the script of a page that is open", async () => {
    const text = await page.text("/", { "x-fragment": "1" });
    expect(text).toMatch(/^<main id="main"/);
    expect(text).not.toContain("<html");
  });

  test("names of jobs and addresses that hold markup stay text", async () => {
    const name = encodeURIComponent('"><img src=x onerror=alert(1)>');
    const text = await page.text(`/runs/${name}/1`);
    expect(text).not.toContain("<img");
    expect(text).toContain("&lt;img");
  });

  test("the history of a run is data for its charts", async () => {
    const { samples } = (await (await page.get("/runs/school/1/history.json")).json()) as {
      readonly samples: readonly object[];
    };
    expect(samples.length).toBeGreaterThanOrEqual(2);
    expect(samples.at(-1)).toMatchObject({ rows: 2_000, level: expect.any(Number) });
  });

  test("rejects can be read page by page, and exported", async () => {
    const csv = await page.get("/runs/school/1/rejects.csv");
    expect(csv.headers.get("content-disposition")).toContain("rejects-of-run-1.csv");
    expect(await csv.text()).toMatch(/^key_1,sqlstate,reason,range,rejected_at\n1,,it is poison,\d+,/);
    expect((await page.text("/runs/school/1/rejects.ndjson")).trim().split("\n")).toHaveLength(3);
    await school.database.query(`insert into ${school.schema}.reject (run_id, key, range_number, reason)
      select 1, array[(1000 + g)::text], 1, 'more' from generate_series(1, 150) g`);
    // A page that was made within the last second is shown again.
    const first = await page.text("/runs/school/1/rejects?after=0");
    const next = /href="([^"]*\?after=\d+)"/.exec(first)?.[1] ?? "";
    expect((await page.text(next)).match(/>1[01]\d\d</g)?.length ?? 0).toBeGreaterThan(30);
    await school.database.query(`delete from ${school.schema}.reject where reason = 'more'`);
  });
});

describe("a database that is not ready", () => {
  const pages = ["/", "/runs/school/1", "/runs/school/1/rejects", "/audit", "/jobs"];

  test.each([
    ["where tidefill never ran", "drop schema SCHEMA cascade", /No run yet|nothing was run here|pending/],
    [
      "with tables of another version",
      "update SCHEMA.version set version = 1",
      /has version 1, and this program needs/,
    ],
  ])("%s, pages say so", async (_, statement, words) => {
    const fresh = await SchoolPage.open(10);
    try {
      const served = await fresh.serve();
      await served.signIn();
      await fresh.database.query(statement.replace("SCHEMA", fresh.schema));
      for (const path of pages) {
        const response = await served.get(path);
        const text = await response.text();
        expect([200, 404, 409], path).toContain(response.status);
        expect(text, path).toMatch(words);
      }
    } finally {
      await fresh.close();
    }
  });
});

describe("who may see pages", () => {
  test("a link works once, and becomes a cookie that scripts and other sites cannot use", async () => {
    const links: string[] = [];
    const access = new TokenAccess({ mayOperate: false, onUsed: (next) => links.push(next) });
    const other = await school.serve({ access });
    const { token } = access;
    const entered = await other.signIn(token);
    expect(entered.status).toBe(303);
    expect(entered.headers.get("location")).toBe("/");
    expect(entered.headers.getSetCookie()[0]).toMatch(/HttpOnly; SameSite=Strict/);
    expect((await other.get("/")).status).toBe(200);
    const again = await fetch(`${other.origin}/?token=${token}`, { headers: { accept: "text/html" } });
    expect(again.status).toBe(401);
    expect(await again.text()).toContain("was used before");
    expect((await fetch(`${other.origin}/?token=${links[0]}`, { redirect: "manual" })).status).toBe(303);
  });

  test.each([
    ["a page", "/", 401],
    ["a run", "/runs/school/1", 401],
    ["the history of a run", "/runs/school/1/history.json", 401],
    ["rejects", "/runs/school/1/rejects.csv", 401],
    ["a page that is not there", "/nothing", 401],
    ["the styles", "/assets/page.css", 200],
  ])("without a session %s is answered with %s", async (_, path, status) => {
    const response = await fetch(`${page.origin}${path}`, { headers: { accept: "text/html" } });
    expect(response.status).toBe(status);
    if (status === 401) expect(await response.text()).toContain("Sign in");
  });

  test("a form takes a token that stays, and no other", async () => {
    const send = (token: string, origin = page.origin) =>
      fetch(`${page.origin}/sign-in`, {
        method: "POST",
        redirect: "manual",
        headers: { origin, accept: "text/html" },
        body: new URLSearchParams({ token }),
      });
    expect((await send("wrong")).status).toBe(401);
    expect((await send("a-token-that-nothing-guesses")).status).toBe(303);
    expect((await send("a-token-that-nothing-guesses", "https://evil.example")).status).toBe(403);
    expect(() => new TokenAccess({ token: "short", mayOperate: true })).toThrow("at least 20 characters");
  });

  test("a proxy names the user; a peer that is not the proxy is refused whatever it says", async () => {
    const proxied = await school.serve({ access: throughProxy(), publicUrl: "https://tidefill.example" });
    const ask = (headers: Readonly<Record<string, string>>) =>
      request(proxied, "/", { host: "tidefill.example", accept: "text/html", ...headers });
    expect((await ask({})).status).toBe(401);
    expect((await ask({ "x-forwarded-user": "bob" })).text).toContain("bob, viewer");
    expect((await ask({ "x-forwarded-user": "alice" })).text).toContain("alice, operator");
    expect((await ask({ "x-forwarded-user": "mallory, alice" })).status).toBe(401);
    const strict = await school.serve({
      access: new (await import("../../src/page/access/proxy-access.ts")).ProxyAccess({
        userHeader: "X-Forwarded-User",
        trustedProxies: ["10.0.0.0/8"],
        operators: [],
      }),
    });
    expect((await strict.get("/", { "x-forwarded-user": "alice" })).status).toBe(403);
  });
});

describe("which requests are our own", () => {
  test("a name that is not ours is refused, so that no other site can resolve its name to us", async () => {
    for (const host of ["evil.example", "127.0.0.1:1", "localhost", ""]) {
      const { status, text } = await request(page, "/", { host, accept: "text/html" });
      expect(status, host).toBe(host === "" ? 400 : 403);
      if (host !== "") expect(text).toContain("This is not the page of");
    }
  });

  test.each([
    ["another origin", { origin: "https://evil.example" }],
    ["another site, as the browser says", { "sec-fetch-site": "cross-site" }],
    ["another port of this machine", { origin: "http://127.0.0.1:1" }],
    ["no origin at all", { origin: undefined }],
    ["no header of the page's script", { "x-tidefill": undefined }],
    ["a form of another site", { "x-tidefill": undefined, "content-type": "text/plain" }],
    ["the origin null of a sandbox", { origin: "null" }],
  ])("a POST from %s changes nothing", { tags: ["promise"] }, async (_, headers) => {
    const { status } = await page.post("/runs/school/2/cancel", { name: "label" }, headers);
    expect(status).toBe(403);
    expect(await statusOf(2)).toBe("paused");
  });

  test("a GET never does what a button does", async () => {
    for (const action of ["pause", "cancel", "pace", "resume"])
      expect((await page.get(`/runs/school/2/${action}`)).status).toBe(404);
    expect(await statusOf(2)).toBe("paused");
  });

  test("every answer forbids scripts and frames of elsewhere, and no page is kept by a cache", async () => {
    for (const path of ["/", "/runs/school/1", "/nothing", "/assets/page.js"]) {
      const { headers } = await page.get(path);
      const policy = headers.get("content-security-policy");
      for (const part of [
        "default-src 'none'",
        "script-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
      ])
        expect(policy).toContain(part);
      expect(policy).not.toMatch(/unsafe|\*/);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("strict-transport-security")).toBeNull();
      if (!path.startsWith("/assets")) expect(headers.get("cache-control")).toBe("no-store");
    }
  });

  test("a body that is too long, or is not JSON, is refused", async () => {
    expect((await page.post("/runs/school/2/pace", { settings: ["x".repeat(20_000)] })).status).toBe(413);
    expect((await page.post("/runs/school/2/cancel", "text")).status).toBe(400);
  });
});

type Kind = "nobody" | "viewer" | "operator";
const kinds: readonly Kind[] = ["viewer", "operator"];
/** Each button by each role: what the page answers, and what PostgreSQL answers to the same role. */
const buttons = [
  ["pace", { settings: ["workers=2"] }],
  ["pause", {}],
  ["cancel", { name: "label" }],
] as const;

describe("roles and buttons", () => {
  test.each(kinds.flatMap((kind) => buttons.map(([action, body]) => [kind, action, body] as const)))(
    "by a proxy, a %s who presses %s",
    async (kind, action, body) => {
      const proxied = await school.serve({ access: throughProxy(), publicUrl: "https://tidefill.example" });
      const [from, path] = [
        { host: "tidefill.example", origin: "https://tidefill.example" },
        "/runs/school/2/",
      ];
      const user = kind === "operator" ? "alice" : "bob";
      const shown = await request(proxied, "/runs/school/2", {
        ...from,
        accept: "text/html",
        "x-forwarded-user": user,
      });
      expect(shown.text.includes("dialog-cancel")).toBe(kind === "operator");
      if (action === "cancel" && kind === "operator") return;
      const { status } = await request(proxied, `${path}${action}`, {
        ...from,
        method: "POST",
        "content-type": "application/json",
        "x-tidefill": "page",
        "x-forwarded-user": user,
        body: JSON.stringify(body),
      });
      // The run is paused already, as the operator role has read.
      expect(status).toBe(kind === "viewer" ? 403 : action === "pause" ? 409 : 200);
      if (kind === "operator" && action === "pace") {
        const [line] = await lastLine();
        expect(line).toMatchObject({ details: { actor: "alice", via: "page" } });
      }
    },
  );

  test.each(["pause", "cancel", "pace"])(
    "PostgreSQL refuses %s to the viewer role as well",
    { tags: ["promise"] },
    async (action) => {
      await withSession(
        "tidefill test",
        { connectionString: school.url("viewer"), schema: school.schema },
        1,
        async (session) => {
          const asked =
            action === "pace"
              ? setPace(session, "2", ["workers=1"])
              : requestStop(session, "2", action === "pause" ? "paused" : "cancelled");
          await expect(asked).rejects.toMatchObject({ code: "42501" });
        },
      );
    },
  );

  test("without an operator's address there are no buttons, and a request is refused", async () => {
    const viewing = await school.serve({ hasOperator: false });
    await viewing.signIn();
    const text = await viewing.text("/runs/school/2");
    expect(text).not.toContain("data-opens");
    expect(text).toContain("viewer, no buttons");
    const { status, json } = await viewing.post("/runs/school/2/cancel", { name: "label" });
    expect([status, json.error]).toEqual([403, expect.stringContaining("not steer")]);
    expect((await viewing.get("/runs/school/1/rejects.csv")).status).toBe(403);
    expect(await viewing.text("/runs/school/1/rejects")).not.toMatch(/<td[^>]*><div>1<\/div><\/td>/);
    expect(await viewing.text("/runs/school/2")).not.toContain("watermark");
  });

  test("buttons whose operator is only a viewer in the database are refused by PostgreSQL, in its words", async () => {
    const roles = `${school.schema}_operator`;
    await school.database.query(`revoke ${roles} from ${school.schema}_operator_login`);
    await school.database.query(`grant ${school.schema}_viewer to ${school.schema}_operator_login`);
    const { status, json } = await page.post("/runs/school/2/pace", { settings: ["workers=3"] });
    expect([status, json.error]).toEqual([403, expect.stringContaining("permission denied")]);
    await school.database.query(`grant ${roles} to ${school.schema}_operator_login`);
  });
});

describe("what buttons do", () => {
  test("the state decides which there are", async () => {
    expect(await opensOf("/runs/school/1")).toEqual([]);
    expect(await opensOf("/runs/school/2")).toEqual(["pace", "cancel"]);
  });

  test("what takes something away is shown as the command to type", async () => {
    expect(await page.text("/runs/school/1")).toContain("<code>tidefill undo 1</code>");
  });

  test("a pace is set, and a wrong one is refused with the words of the command line", async () => {
    const { status, json } = await page.post("/runs/school/2/pace", { settings: ["workers=3"] });
    expect([status, json.message]).toEqual([200, expect.stringContaining("3 workers a process")]);
    expect((await page.post("/runs/school/2/pace", { settings: ["wrokers=3"] })).json.error).toContain(
      "wrokers",
    );
    expect((await page.post("/runs/school/2/pace", {})).status).toBe(400);
    expect((await page.post("/runs/school/1/pace", { settings: ["workers=3"] })).status).toBe(409);
  });

  test("what the state of a run does not allow is refused, whatever a page has shown", async () => {
    for (const [path, body] of [
      ["/runs/school/1/pause", {}],
      ["/runs/school/1/cancel", { name: "label" }],
      ["/runs/school/1/resume", {}],
      ["/runs/school/1/pace", { settings: ["workers=2"] }],
      ["/runs/school/2/pause", {}],
    ] as const) {
      const { status, json } = await page.post(path, body);
      expect([status, json.error], path).toEqual([
        409,
        expect.stringMatching(/is (succeeded|paused): the page cannot/),
      ]);
    }
  });

  test("a body of another form is refused, and is no error of the program", async () => {
    for (const body of [
      null,
      1,
      "text",
      [],
      { settings: [1] },
      { settings: { length: 1 } },
      { settings: "workers=2" },
    ])
      expect((await page.post("/runs/school/2/pace", body)).status, JSON.stringify(body)).toBe(400);
  });

  test("an address for operators that leads to another database changes nothing in either", async () => {
    const elsewhere = await SchoolPage.open(10);
    try {
      await elsewhere.run("run", "label");
      const wrong = await school.serve({
        operator: { url: elsewhere.url("operator"), schema: elsewhere.schema },
      });
      await wrong.signIn();
      for (const run of [1, 2]) {
        const { status, json } = await wrong.post(`/runs/school/${run}/cancel`, { name: "label" });
        expect([status, json.error]).toEqual([409, expect.stringContaining("leads to another database")]);
      }
      expect(await statusOf(2)).toBe("paused");
    } finally {
      await elsewhere.close();
    }
  });

  test("a resume without a fleet is a command to type", async () => {
    const { status, json } = await page.post("/runs/school/2/resume");
    expect([status, json.remedy]).toEqual([400, "tidefill resume label"]);
  });

  test("a cancel needs the job's name, and leaves a line in the audit that names the page", async () => {
    expect((await page.post("/runs/school/2/cancel", {})).status).toBe(400);
    expect((await page.post("/runs/school/2/cancel", { name: "lable" })).json.error).toContain(
      "type the name of its job: label",
    );
    expect(await statusOf(2)).toBe("paused");
    const { status, json } = await page.post("/runs/school/2/cancel", { name: "label" });
    expect([status, json.message]).toEqual([200, "label, run 2: cancelled."]);
    expect(await statusOf(2)).toBe("cancelled");
    const [line] = await lastLine();
    expect(line).toMatchObject({
      action: "cancel",
      role: `${school.schema}_operator_login`,
      details: { via: "page", actor: "a person with the link or the token" },
    });
    expect((await school.run("audit", "--check")).code).toBe(0);
  });
});

async function opensOf(path: string): Promise<readonly string[]> {
  return [...(await page.text(path)).matchAll(/data-opens="dialog-(\w+)"/g)].map(([, name = ""]) => name);
}

async function statusOf(run: number): Promise<unknown> {
  const [row] = await school.database.query(`select status from ${school.schema}.run where id = $1`, [run]);
  return row?.status;
}

async function lastLine() {
  return school.database.query(
    `select action, role, details from ${school.schema}.audit order by number desc limit 1`,
  );
}

/** A request with any headers, also those that `fetch` would set by itself. */
async function request(
  served: ServedPage,
  path: string,
  { method = "GET", body, ...headers }: Readonly<Record<string, string>>,
): Promise<{ readonly status: number; readonly text: string }> {
  const { request: send } = await import("node:http");
  return new Promise((resolve, reject) => {
    const sent = send(`${served.address}${path}`, { method, headers, setHost: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
      );
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
