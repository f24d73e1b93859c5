import { randomBytes } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { roleNames } from "../../../src/store/schema/role-names.ts";
import { rolesScript } from "../../../src/store/schema/roles-script.ts";
import { schemaScript } from "../../../src/store/schema/schema-script.ts";
import { createTestDatabase, type TestDatabase, useDatabase } from "../../support/database.ts";

const database = useDatabase();
// Roles belong to the whole server.
const mark = randomBytes(4).toString("hex");
const admin = `admin_${mark}`;
const schemas = [`s_${mark}`, `s'.";--${mark}`, `${"ü".repeat(27)}${mark}`];
let second: TestDatabase;

beforeAll(async () => {
  second = await createTestDatabase();
  await database.query(`create role ${admin} login createrole password 'word'`);
  for (const { name } of [database, second]) await database.query(`alter database ${name} owner to ${admin}`);
});

afterAll(async () => {
  await second.drop();
  const roles = [...schemas.flatMap((schema) => Object.values(roleNames(schema))), admin].map((role) =>
    pg.escapeIdentifier(role),
  );
  await database.query(`alter database ${database.name} owner to current_user`);
  for (const role of roles) await database.query(`drop owned by ${role} cascade`);
  for (const role of roles) await database.query(`drop role ${role}`);
});

/** Installs as a role that is no superuser, and returns who owns what. */
async function install(into: TestDatabase, schema: string): Promise<readonly unknown[]> {
  const address = new URL(into.url);
  [address.username, address.password] = [admin, "word"];
  const client = new pg.Client(address.href);
  await client.connect();
  try {
    await client.query(`${schemaScript(schema)}\n${rolesScript(schema)}`);
    expect((await client.query("select current_user::text as is")).rows).toEqual([{ is: admin }]);
  } finally {
    await client.end();
  }
  return into.query(
    `select distinct pg_get_userbyid(c.relowner)::text as owner from pg_class c
     join pg_namespace n on n.oid = c.relnamespace and n.nspowner = c.relowner
     where n.nspname = $1 and c.relkind = 'r'`,
    [schema],
  );
}

async function may(into: TestDatabase, role: string, schema: string, right: string): Promise<unknown> {
  const table = `${pg.escapeIdentifier(schema)}.run`;
  return (await into.query("select has_table_privilege($1, $2, $3) as may", [role, table, right]))[0]?.may;
}

test.each(schemas)(
  "a role that may create roles and owns the database creates those of %s, in a second database too",
  async (schema) => {
    const { owner, runner, operator, viewer } = roleNames(schema);
    for (const each of [database, second]) {
      expect(await install(each, schema)).toEqual([{ owner }]);
      expect(await may(each, runner, schema, "insert")).toBe(true);
      expect(await may(each, operator, schema, "insert")).toBe(false);
      expect(await may(each, viewer, schema, "select")).toBe(true);
    }
  },
);

test("names of roles are not truncated, and no two schemas share them", async () => {
  const long = [
    "x".repeat(62),
    `${"x".repeat(61)}y`,
    "x".repeat(63),
    "ü".repeat(31),
    "x".repeat(55),
    "x".repeat(54),
  ];
  const names = [...long, "tidefill"].flatMap((schema) => Object.values(roleNames(schema)));
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
  expect(roleNames("tidefill")).toEqual({
    owner: "tidefill_owner",
    runner: "tidefill_runner",
    operator: "tidefill_operator",
    viewer: "tidefill_viewer",
  });
  expect(
    await database.query("select rolname from pg_roles where rolname = any ($1)", [
      schemas.flatMap((schema) => Object.values(roleNames(schema))),
    ]),
  ).toHaveLength(12);
});
