import { randomBytes } from "node:crypto";
import { openPageTarget } from "../../src/cli/serve/open-page-target.ts";
import { openSources } from "../../src/cli/serve/open-sources.ts";
import { PageQueue } from "../../src/cli/serve/page-queue.ts";
import type { Access } from "../../src/page/access/access.ts";
import { ProxyAccess } from "../../src/page/access/proxy-access.ts";
import { TokenAccess } from "../../src/page/access/token-access.ts";
import { PageServer } from "../../src/page/page-server.ts";
import { roleNames } from "../../src/store/schema/role-names.ts";
import { rolesScript } from "../../src/store/schema/roles-script.ts";
import { schemaScript } from "../../src/store/schema/schema-script.ts";
import { closedWindow } from "../support/closed-window.ts";
import { administer, createTestDatabase, type TestDatabase } from "../support/database.ts";
import { CommandLine } from "../support/tidefill.ts";
import { until } from "../support/until.ts";

const jobs = {
  "tables.ts": `import { table } from "tidefill";
export const counters = table("counters", { key: "id", columns: { id: "bigint", n: "integer", label: "text?" } });`,
  "label.ts": `import { defineJob, reject, rowsOf, sql, update } from "tidefill";
import { counters } from "./tables.ts";
export default defineJob({
  name: "label",
  parameters: { poison: "bigint?" },
  source: rowsOf(counters, { read: ["n"], pending: sql\`label is null\` }),
  transform: (row, { parameters }) =>
    row.id <= (parameters.poison ?? 0n) ? reject("it is poison") : { label: "SECRET-" + row.n },
  sink: update(counters, ["label"]),
});`,
};

/** A database with roles, a folder of jobs, and pages over them. */
export class SchoolPage {
  readonly database: TestDatabase;
  readonly schema: string;
  readonly tidefill: CommandLine;
  readonly #folder: string;
  readonly #open: (() => Promise<unknown>)[] = [];

  private constructor(database: TestDatabase, schema: string, tidefill: CommandLine, folder: string) {
    this.database = database;
    this.schema = schema;
    this.tidefill = tidefill;
    this.#folder = folder;
  }

  static async open(rows = 2_000): Promise<SchoolPage> {
    const database = await createTestDatabase();
    // Roles belong to the whole server, so each test file has its own.
    const schema = `page_${randomBytes(4).toString("hex")}`;
    await database.query("create table counters (id bigint primary key, n integer not null, label text)");
    await database.query("insert into counters (id, n) select g, g from generate_series(1, $1::integer) g", [
      rows,
    ]);
    await database.query(`${schemaScript(schema)}\n${rolesScript(schema)}`);
    const roles = roleNames(schema);
    for (const kind of ["viewer", "operator", "runner"] as const)
      await database.query(
        `create role ${schema}_${kind}_login login password 'word' in role ${roles[kind]}`,
      );
    await database.query(`grant select, update on counters to ${roles.runner}`);
    const tidefill = await CommandLine.open(urlOf(database, `${schema}_runner_login`), jobs);
    return new SchoolPage(database, schema, tidefill, tidefill.folder);
  }

  /** Runs a statement from outside of the database. */
  async administer(statement: string): Promise<void> {
    await administer(statement);
  }

  /** Runs a command as the runner. */
  async run(...parameters: readonly string[]) {
    return this.tidefill.run(...parameters, "--schema", this.schema);
  }

  start(...parameters: readonly string[]) {
    return this.tidefill.start(...parameters, "--schema", this.schema);
  }

  /** Starts a run of `label` that works at a slow pace from its first row; resolves once it may work. */
  async startSlowly(rowsPerSecond: number, ...parameters: readonly string[]) {
    const child = this.start("run", "label", "--window", closedWindow(), ...parameters);
    const pace = ["set", "label", `rows-per-second=${rowsPerSecond}`, "window=default"];
    await until(async () => (await this.run(...pace)).code === 0, { describe: "the run has begun" });
    return child;
  }

  url(kind: "viewer" | "operator" | "runner"): string {
    return urlOf(this.database, `${this.schema}_${kind}_login`);
  }

  /** Serves pages; without an operator there are no buttons. */
  async serve(
    given: {
      readonly access?: Access;
      readonly hasOperator?: boolean;
      readonly publicUrl?: string;
      /** another one than that of this school */
      readonly operator?: { readonly url: string; readonly schema: string };
    } = {},
  ): Promise<ServedPage> {
    const { hasOperator = true, publicUrl = null } = given;
    const queue = new PageQueue({ connectionString: this.url("viewer") }, null);
    const own = openPageTarget({
      name: "school",
      viewer: { connectionString: this.url("viewer") },
      operator: hasOperator ? { connectionString: this.url("operator") } : null,
      schema: this.schema,
    });
    const { operator } = given;
    const wrong =
      operator === undefined
        ? null
        : openPageTarget({
            name: "",
            viewer: { connectionString: operator.url },
            operator: { connectionString: operator.url },
            schema: operator.schema,
          });
    const target = { ...own, operator: wrong?.operator ?? own.operator };
    const access = given.access ?? new TokenAccess({ token: fixedToken, mayOperate: hasOperator });
    const sources = await openSources({
      targets: [target],
      listed: [],
      queue,
      away: [],
      folder: this.#folder,
    });
    const server = new PageServer(sources, { port: 0, host: "127.0.0.1", publicUrl, access });
    await server.start();
    this.#open.push(async () => {
      await server.stop();
      await queue.close();
      await own.close();
      await wrong?.close();
    });
    return new ServedPage(server);
  }

  async close(): Promise<void> {
    for (const close of this.#open) await close();
    await this.tidefill.close();
    const roles = Object.values(roleNames(this.schema));
    const all = [...["viewer", "operator", "runner"].map((kind) => `${this.schema}_${kind}_login`), ...roles];
    await this.database.query(`drop owned by ${all.join(", ")} cascade; drop role ${all.join(", ")}`);
    await this.database.drop();
  }
}

export const fixedToken = "a-token-that-nothing-guesses";

/** A proxy on this machine that names users; `alice` is an operator. */
export function throughProxy(): ProxyAccess {
  return new ProxyAccess({
    userHeader: "X-Forwarded-User",
    trustedProxies: ["127.0.0.1"],
    operators: ["alice"],
  });
}

/** A server of pages, and requests to it as a browser would make them. */
export class ServedPage {
  readonly server: PageServer;
  #cookie = "";

  constructor(server: PageServer) {
    this.server = server;
  }

  /** `http://127.0.0.1:<port>` */
  get origin(): string {
    return this.server.origins.find((origin) => origin.includes("127.0.0.1")) ?? "";
  }

  /** Where to connect, whatever name browsers use. */
  get address(): string {
    return `http://127.0.0.1:${this.server.port}`;
  }

  async signIn(token = fixedToken): Promise<Response> {
    const response = await fetch(`${this.origin}/?token=${token}`, { redirect: "manual" });
    const [cookie = ""] = response.headers.getSetCookie();
    this.#cookie = cookie.split(";")[0] ?? "";
    return response;
  }

  async get(
    path: string,
    headers: Readonly<Record<string, string>> = {},
    signal: AbortSignal | null = null,
  ): Promise<Response> {
    return fetch(`${this.origin}${path}`, {
      signal,
      redirect: "manual",
      headers: { accept: "text/html", cookie: this.#cookie, ...headers },
    });
  }

  async text(path: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
    return (await this.get(path, headers)).text();
  }

  /** Sends what a button sends; `headers` replace those of the page's script. */
  async post(
    path: string,
    body: unknown = {},
    headers: Readonly<Record<string, string | undefined>> = {},
  ): Promise<{ readonly status: number; readonly json: Record<string, string> }> {
    const all = {
      "content-type": "application/json",
      "x-tidefill": "page",
      origin: this.origin,
      cookie: this.#cookie,
      ...headers,
    };
    const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const response = await fetch(`${this.origin}${path}`, {
      method: "POST",
      headers: given,
      body: JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, json: text.startsWith("{") ? JSON.parse(text) : { text } };
  }
}

function urlOf(database: TestDatabase, role: string): string {
  const url = new URL(database.url);
  [url.username, url.password] = [role, "word"];
  return url.href;
}
