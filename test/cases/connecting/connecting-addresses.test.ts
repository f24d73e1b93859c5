import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { freePort } from "../../../src/embedded/local-url.ts";
import { exitCodeOfError } from "../../../src/engine/report/exit-code.ts";
import { runJob } from "../../../src/engine/run/run-job.ts";
import { table } from "../../../src/job/columns/table.ts";
import { defineJob } from "../../../src/job/definition/define-job.ts";
import { update } from "../../../src/sink/definitions/update.ts";
import { rowsOf } from "../../../src/source/table/table-rows.ts";
import { urlOf, useDatabase } from "../../support/database.ts";
import { changed, reach, refusal } from "./connecting.ts";

const database = useDatabase();
const program = fileURLToPath(new URL("../../../bin/tidefill.js", import.meta.url));
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidefill-address-"));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** Runs a command in a new folder, in an environment that names no database. */
async function typed(environment: Readonly<Record<string, string>>, ...parameters: readonly string[]) {
  const { DATABASE_URL: _, ...rest } = process.env;
  const clean = Object.fromEntries(Object.entries(rest).filter(([name]) => !name.startsWith("PG")));
  const options = { cwd: folder, env: { ...clean, NO_COLOR: "1", ...environment } };
  return promisify(execFile)(process.execPath, [program, ...parameters], options).then(
    ({ stderr }) => ({ code: 0, stderr }),
    ({ code, stderr }: { code: number; stderr: string }) => ({ code, stderr }),
  );
}

/** The variables of libpq for the database of this file. */
function variables(): Readonly<Record<string, string>> {
  const { hostname, port, username, password } = new URL(urlOf(database.name));
  return {
    PGHOST: hostname,
    PGPORT: port,
    PGUSER: username,
    PGPASSWORD: password,
    PGDATABASE: database.name,
  };
}

function line(): string {
  const { hostname, port } = new URL(urlOf(database.name));
  return `→ ${hostname}:${port}/${database.name} as postgres, schema public; tidefill's tables in schema tidefill\n`;
}

const users = table("users", { key: "id", columns: { id: "bigint", n: "integer?" } });
const fill = defineJob({
  name: "fill-users",
  source: rowsOf(users, { read: ["n"] }),
  transform: () => ({ n: 1 }),
  sink: update(users, ["n"]),
});

test("a schema in the address selects one of two tables of the same name, as it does for Prisma (A5)", async () => {
  await database.query("create schema app");
  for (const schema of ["public", "app"]) {
    await database.query(`create table ${schema}.users (id bigint primary key, n integer)`);
    await database.query(`insert into ${schema}.users values (1, null)`);
  }
  const url = changed(urlOf(database.name), { search: "?schema=app" });
  await runJob(fill, { connectionString: url });
  expect(await database.query("select n from app.users")).toEqual([{ n: 1 }]);
  expect(await database.query("select n from public.users")).toEqual([{ n: null }]);
  const { code, stderr } = await typed({ DATABASE_URL: url }, "schema", "install");
  expect({ code, stderr }).toMatchObject({
    code: 0,
    stderr: expect.stringContaining(" as postgres, schema app; "),
  });
});

test("an unknown parameter is refused by its name (A5)", async () => {
  const url = changed(urlOf(database.name), { search: "?sslmod=require" });
  expect(await typed({ DATABASE_URL: url }, "status")).toEqual({
    code: 2,
    stderr:
      'error The parameter sslmod in DATABASE_URL is unknown to tidefill.\n→ Did you mean "sslmode"? Write what you meant, or leave it out; a setting of the server is written options=-c%20name%3Dvalue.\n',
  });
});

test("an invalid or empty address is refused (D2)", async () => {
  for (const address of ["localhost", ""]) {
    const { code, stderr } = await typed({ DATABASE_URL: address }, "status");
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /^error DATABASE_URL is not an address of a database: .*\n→ Write postgres:\/\/user:password@host:5432\/database, or host=/,
      ),
    });
  }
});

test("name=value pairs, a service, and passwords with any character connect to the same place as in psql (D2)", async () => {
  const { hostname, port, username, password } = new URL(urlOf(database.name));
  const role = `odd_${Math.random().toString(36).slice(2)}`;
  const word = "a#b/c%d@e?f:g'h";
  await database.query(`create role ${role} login password '${word.replaceAll("'", "''")}'`);
  try {
    const at = `${hostname}:${port}/${database.name}`;
    expect(await reach(`postgres://${role}:${encodeURIComponent(word)}@${at}`)).toMatchObject({ role });
    const pairs = `host=${hostname} port=${port} dbname=${database.name}`;
    expect(await reach(`${pairs} user=${role} password='${word.replaceAll("'", "\\'")}'`)).toMatchObject({
      role,
    });
    const refused = await refusal(reach2(`postgres://${role}:${word}@${at}`));
    expect(refused).toMatchObject({ code: "usage", remedy: expect.stringContaining("percent-encode") });
    expect(`${refused.message} ${refused.remedy}`).not.toContain("c%d");
    const services = join(folder, "services");
    await writeFile(services, `[shop]\nhost=${hostname}\nport=${port}\ndbname=${database.name}\n`);
    vi.stubEnv("PGSERVICEFILE", services);
    expect(await reach(`service=shop user=${username} password=${password}`)).toMatchObject({ port });
    expect(await reach(`postgres://${username}:${password}@/?service=shop`)).toMatchObject({ port });
  } finally {
    await database.query(`drop role ${role}`);
  }
});

/** Turns a synchronous throw into a rejected promise. */
async function reach2(address: string) {
  return reach(address);
}

test("the refusal of an address without a database says what is missing (D2)", async () => {
  const { hostname, port, password } = new URL(urlOf(database.name));
  const role = `lost_${Math.random().toString(36).slice(2)}`;
  await database.query(`create role ${role} login password 'word'`);
  try {
    expect(await refusal(reach(`postgres://${role}:word@${hostname}:${port}`))).toMatchObject({
      code: "database",
      message: `PostgreSQL answered: database "${role}" does not exist (SQLSTATE 3D000)`,
      remedy:
        "The address names no database, so tidefill tried the one with the role's name: write postgres://…/database, or set PGDATABASE.",
    });
    expect(password).not.toBe("");
  } finally {
    await database.query(`drop role ${role}`);
  }
});

test("a .env that names another database is reported (D4)", async () => {
  await writeFile(join(folder, ".env"), `DATABASE_URL=${urlOf(database.name)}\nOTHER=1\n`);
  expect(await typed({}, "schema", "install")).toEqual({
    code: 2,
    stderr:
      "error DATABASE_URL is not set. The file .env has one, but tidefill reads that file only when told to.\n→ To use it: --env-file .env   or name the database: --database-url postgres://…\n",
  });
  const hinted = await typed(variables(), "schema", "install");
  expect(hinted).toMatchObject({
    code: 0,
    stderr: expect.stringContaining(
      "The file .env has a DATABASE_URL, which is not used: PGHOST, PGPORT or PGDATABASE name the database. To use it: --env-file .env\n",
    ),
  });
  expect(hinted.stderr).toContain(line());
  const read = await typed({}, "schema", "install", "--env-file", ".env");
  expect(read).toMatchObject({ code: 0, stderr: expect.stringContaining(line()) });
  const both = await typed({ DATABASE_URL: "postgres://other/x" }, "schema", "install", "--env-file", ".env");
  expect(both).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("DATABASE_URL is set, and .env has a different one"),
  });
  // Some versions of Node look for the file themselves and exit with 9.
  expect([2, 9]).toContain((await typed({}, "status", "--env-file", "none")).code);
});

test("plan and run first print the server, database, role and schema on stderr (D4)", async () => {
  await writeFile(
    join(folder, "fill.ts"),
    `import { defineSteps, sqlStep, sql } from "tidefill";
export default defineSteps({ name: "fill", expand: [sqlStep({ name: "one", up: sql\`select 1\`, down: null })] });`,
  );
  for (const parameters of [
    ["plan", "fill"],
    ["run", "fill"],
    ["plan", "fill", "--json"],
    ["undo", "fill", "--yes"],
  ]) {
    const { stderr } = await typed({ DATABASE_URL: urlOf(database.name) }, ...parameters, "--jobs", ".");
    expect(stderr, parameters.join(" ")).toMatch(
      new RegExp(`^${line().replaceAll(/[.+*?^$()[\]{}|]/g, "\\$&")}`),
    );
    expect(stderr.split(line()), parameters.join(" ")).toHaveLength(2);
  }
});

test("a server that has no free connection or does not answer gives exit code 75: try again (D2)", async () => {
  const role = `one_${Math.random().toString(36).slice(2)}`;
  await database.query(`create role ${role} login connection limit 0 password 'word'`);
  try {
    const url = changed(urlOf(database.name), { username: role, password: "word" });
    const full = await refusal(reach(url));
    expect(full).toMatchObject({
      code: "no-connection-free",
      message: `The server has no connection free: too many connections for role "${role}" (SQLSTATE 53300).`,
      remedy: expect.stringContaining("type the command again"),
    });
    expect(exitCodeOfError(full)).toBe(75);
    expect(await typed({ DATABASE_URL: url }, "status")).toMatchObject({ code: 75 });
  } finally {
    await database.query(`drop role ${role}`);
  }
  const nobody = await freePort();
  const away = await refusal(reach(`postgres://127.0.0.1:${nobody}/x`));
  expect(away).toMatchObject({
    code: "unreachable",
    message: `The database cannot be reached at 127.0.0.1:${nobody}: connect ECONNREFUSED 127.0.0.1:${nobody}.`,
  });
  expect(exitCodeOfError(away)).toBe(75);
  const mistyped = await refusal(reach("postgres://nowhere.invalid/x"));
  expect(mistyped).toMatchObject({ code: "unreachable" });
  expect(exitCodeOfError(mistyped)).toBe(1);
});

test("the refusal says when nothing names a database (D2)", async () => {
  const { code, stderr } = await typed({ PGUSER: "nobody", PGPORT: "" }, "status");
  expect(code).not.toBe(0);
  if (stderr.includes("cannot be reached"))
    expect(stderr).toContain(
      "No database was named: without an address tidefill looks on this machine, as psql does.",
    );
});
