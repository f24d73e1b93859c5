import { afterAll, beforeAll, expect, test } from "vitest";
import { urlOf, useDatabase } from "../support/database.ts";
import { tables } from "./new-tables.ts";
import { Project } from "./project.ts";

const database = useDatabase();
let project: Project;

beforeAll(async () => {
  await database.query(tables);
  project = await Project.open({
    DATABASE_URL: database.url,
    TIDEFILL_TEST_DATABASE_URL: urlOf("postgres"),
    TIDEFILL_UNDO_KEY: "a secret of these tests",
  });
  await project.type("init");
});
afterAll(() => project.close());

const cases = [
  { job: "fill-essay-word-count", parameters: ["--table", "essay"] },
  { job: "fill-titles", parameters: ["--table", "essay", "--column", "title", "--column", "tags"] },
  { job: "fill-odd-classes", parameters: ["--table", '"Weird ""Table"".x"'] },
  { job: "fill-odd-dollars", parameters: ["--table", '"Weird ""Table"".x"', "--column", "a\\${b"] },
  { job: "fill-measures", parameters: ["--table", "measure"] },
  { job: "fill-shop-orders", parameters: ["--table", "shop.orders"] },
  { job: "fill-order-notes", parameters: ["--table", "orders"] },
  { job: "fill-amount-cents", parameters: ["--table", "payment", "--add", "amount_cents:integer"] },
  { job: "fill-payment-notes", parameters: ["--table", "payment"] },
  { job: "copy-payments", parameters: ["--table", "payment", "--into", "ledger", "--kind", "copy"] },
  { job: "copy-orders", parameters: ["--table", "orders", "--into", "keyless", "--kind", "copy"] },
  { job: "move-shop-orders", parameters: ["--table", "shop.orders", "--into", "shop.old_orders"] },
  { job: "seed-feedback-types", parameters: ["--table", "feedback_type", "--kind", "seed"] },
  { job: "seed-keyless", parameters: ["--table", "keyless", "--kind", "seed"] },
  { job: "anonymise-students", parameters: ["--table", "student", "--kind", "anonymise"] },
  { job: "20240115-delete-old-essays", parameters: ["--table", "essay", "--kind", "delete"] },
  { job: "delete-odd-rows", parameters: ["--table", '"Weird ""Table"".x"', "--kind", "delete"] },
];

test.each(cases)(
  "new writes $job, which loads, and can be planned once it names its rows",
  async ({ job, parameters }) => {
    const before = await project.read("jobs/tables.ts");
    const { code, stderr, stdout } = await project.type("new", job, ...parameters);
    expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: "" });
    expect(stderr).toContain(`written   jobs/${job}.ts`);
    expect(stderr).toContain(`tidefill plan ${job}`);
    // The previous text is still there.
    expect(await project.read("jobs/tables.ts")).toContain(before.trimEnd());
    const text = await project.read(`jobs/${job}.ts`);
    const says = text.replace("where: sql`false`", "where: sql`true`");
    if (says !== text) expect(await project.type("plan", job)).toMatchObject({ code: 3 });
    await project.write(`jobs/${job}.ts`, says);
    if (job.startsWith("anonymise")) await project.type("backup", job, "--to", "backup");
    expect(await project.type("plan", job)).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^→ .*; tidefill's tables in schema tidefill\n$/),
    });
    await project.write(`jobs/${job}.ts`, text);
  },
);

test("the written jobs and tests compile under the strictest flags", async () => {
  expect(await project.compile()).toBe("");
});

test("a mistake in a written job would not compile", async () => {
  const text = await project.read("jobs/move-shop-orders.ts");
  await project.write("jobs/move-wrongly.ts", text.replace("String(row.total)", "row.total"));
  expect(await project.compile()).toContain("jobs/move-wrongly.ts");
  await project.remove("jobs/move-wrongly.ts");
});

test("tables are described as the catalogue shows them", async () => {
  const text = await project.read("jobs/tables.ts");
  expect(text.match(/^import/gm)).toHaveLength(1);
  for (const part of [
    'length: "integer?", // generated: it can only be read',
    'mood: "text?", // mood, as PostgreSQL prints it',
    'marks: "numeric",',
    'key: ["device", "at"],',
    'key: ["order", "Odd `Name`"],',
    'export const orders = table("shop.orders", {',
    'export const publicOrders = table("orders", {',
    'personalData: ["email", "full_name", "phone", "birth_date", "address"],',
    "// No key orders its rows: jobs can only insert into it.",
  ])
    expect(text).toContain(part);
});

test("unedited jobs write nothing, and those that do not name their rows are refused", async () => {
  const rows = () =>
    database.query(
      "select (select count(*) from essay) as essays, (select count(word_count) from essay) as words, (select count(*) from student where email like 'e%') as students",
    );
  const before = await rows();
  for (const job of ["20240115-delete-old-essays", "anonymise-students"]) {
    const { code, stderr } = await project.type("run", job);
    expect(code).toBe(3);
    expect(stderr).toContain(`The \`where\` of ${job} is false`);
  }
  for (const job of ["fill-essay-word-count", "seed-feedback-types"]) await project.type("run", job);
  expect(await rows()).toEqual(before);
  expect(await database.query("select count(*) from tidefill.run where kind = 'run'")).toEqual([
    { count: "2" },
  ]);
});

test("with the author's expression, a job does what it says", async () => {
  const text = await project.read("jobs/fill-essay-word-count.ts");
  const body = text
    .replace("read: []", 'read: ["content"]')
    .replace("todo(row)", "row.content.trim().split(/\\s+/).length")
    .replace(/\n\/\*\* Replace it by.*/s, "");
  await project.write("jobs/fill-essay-word-count.ts", body);
  expect(await project.compile()).toBe("");
  expect(await project.type("run", "fill-essay-word-count", "--again")).toMatchObject({ code: 0 });
  expect(await database.query("select count(*) from essay where word_count = id")).toEqual([{ count: "50" }]);
});

/** Runs `tidefill new` and returns the job that it has written. */
async function written(job: string, ...parameters: readonly string[]): Promise<string> {
  const { code, stderr } = await project.type("new", job, ...parameters);
  expect(code, stderr).toBe(0);
  return project.read(`jobs/${job}.ts`);
}

async function runs(...parameters: readonly string[]): Promise<string> {
  const { code, stderr } = await project.type(...parameters);
  expect(code, stderr).toBe(0);
  return stderr;
}

test("a fill that adds its column runs unedited, and undo takes back values and column", async () => {
  const columns = () =>
    database.query(
      "select column_name from information_schema.columns where table_name = 'payment' order by ordinal_position",
    );
  const before = await columns();
  const text = await project.read("jobs/fill-amount-cents.ts");
  expect(text).toContain('expand: [addColumn(payment, "amount_cents", "integer")],');
  expect(text).toContain('rowsOf(payment, { read: ["amount"], pending: sql`amount_cents is null` })');
  await runs("run", "fill-amount-cents", "--verify");
  expect(
    await database.query("select count(*) from payment where amount_cents is distinct from amount * 100"),
  ).toEqual([{ count: "0" }]);
  await runs("undo", "fill-amount-cents", "--yes");
  expect(await database.query("select count(amount_cents) from payment")).toEqual([{ count: "0" }]);
  await runs("run", "fill-amount-cents", "--again");
  await runs("undo", "--to", "fill-essay-word-count", "--yes");
  expect(await columns()).toEqual(before);
});

const anyType = [
  "memo_trimmed:text",
  "checked:boolean",
  "price:numeric(10,2)",
  "labels:text[]",
  "body:bytea",
  "state:jsonb",
  "seen_at:timestamp(3) with time zone",
  "for_days:interval",
  "token:uuid",
  'Odd "Name":varchar(3)',
];

test("columns of any type are added and filled unedited; new says what to add to a description that lacks them", async () => {
  const added = anyType.flatMap((each) => ["--add", each]);
  const refused = await project.type("new", "fill-payment-facts", "--table", "payment", ...added);
  expect(refused).toMatchObject({ code: 2 });
  const [, lines = ""] = /Add to it (.*)\. tidefill does/.exec(refused.stderr) ?? [];
  expect(lines).toMatch(/^memo_trimmed: "text\?", checked: "boolean\?", price: "numeric\?"/);
  const tables = await project.read("jobs/tables.ts");
  await project.write("jobs/tables.ts", tables.replace(/ +amount_cents: .*\n/, `$&    ${lines},\n`));
  const text = await written("fill-payment-facts", "--table", "payment", ...added);
  expect(text).not.toContain("todo");
  expect(text).toContain("memo_trimmed is null and memo is not null");
  expect(await project.compile()).toBe("");
  await runs("run", "fill-payment-facts", "--verify");
  expect(
    await database.query(
      "select count(*) filter (where memo_trimmed is distinct from memo) as other, count(num_nulls(checked, price, labels, body, state, seen_at, for_days, token) > 0 or null) as left from payment",
    ),
  ).toEqual([{ other: "0", left: "0" }]);
  await runs("undo", "fill-payment-facts", "--yes");
});

test("for a type that may refuse values, the author has to supply the value", async () => {
  const tables = await project.read("jobs/tables.ts");
  const added = ["--add", "debt:cents", "--add", "feeling:mood"];
  const needed = 'debt: "integer?", feeling: "text?"';
  expect((await project.type("new", "fill-payment-moods", "--table", "payment", ...added)).stderr).toContain(
    needed,
  );
  await project.write("jobs/tables.ts", tables.replace(/ +amount_cents: .*\n/, `$&    ${needed},\n`));
  const text = await written("fill-payment-moods", "--table", "payment", ...added);
  expect(text).toContain("transform: (row) => ({ debt: todo(row), feeling: todo(row) })");
  expect(await project.compile()).toBe("");
});

test("new proposes no foreign key, key, unique or generated column, and warns of one that was named", async () => {
  expect(await project.read("jobs/fill-payment-notes.ts")).toContain('update(payment, ["memo"])');
  const named = await written("fill-payment-students", "--table", "payment", "--column", "student_id");
  expect(named).toContain(
    "// student_id is a foreign key: its value must be that of a row of the other table.",
  );
  expect(named).toContain("student_id: todo(row)");
  const unique = await written("fill-receipts", "--table", "payment", "--column", "receipt");
  expect(unique).toContain("// receipt is unique or chooses the partition");
  expect(await project.compile()).toBe("");
});

test("only needed columns are read, and personal columns are pointed out", async () => {
  const fill = await project.read("jobs/fill-amount-cents.ts");
  expect(fill).toContain("There are also: memo, receipt, valid, student_id.");
  expect(fill).toContain("so a job that reads them keeps an encrypted undo log: payer_email.");
  const move = await project.read("jobs/move-shop-orders.ts");
  expect(move).toContain('read: ["total", "note"]');
  expect(move).toMatch(
    /insertInto\(\w+, \["total", "note", "currency"\], \{ keep: \["id", "placed_at"\] \}\)/,
  );
  expect(move).toContain("// Not read, since no column needs it: customer_email.");
  const persons = await written("copy-students", "--table", "student", "--into", "pupil", "--kind", "copy");
  expect(persons).toContain("so the job keeps an encrypted undo log: email.");
});

test("a copy leaves its source unchanged, adds nothing when run again, and can be undone", async () => {
  const counts = () =>
    database.query(
      "select (select count(*) from payment) as payments, (select count(*) from ledger join payment using (id, amount)) as copies",
    );
  const copy = await project.read("jobs/copy-payments.ts");
  expect(copy).toContain("transform: () => ({}),");
  expect(copy).toContain('keep: ["id", "amount", "memo"]');
  expect(copy).toContain('target: ["id"], do: "nothing"');
  await runs("run", "copy-payments", "--verify");
  expect(await counts()).toEqual([{ payments: "100", copies: "100" }]);
  await runs("run", "copy-payments", "--again");
  expect(await counts()).toEqual([{ payments: "100", copies: "100" }]);
  const [first] = await database.query("select min(id) as run from tidefill.run where job = 'copy-payments'");
  await runs("undo", String(first?.run), "--yes");
  expect(await counts()).toEqual([{ payments: "100", copies: "0" }]);
  expect(await project.read("jobs/copy-orders.ts")).toContain("with --again each row is there twice");
});

test("--json prints what was written", async () => {
  const first = await project.type(
    "new",
    "fill-essay-marks",
    "--table",
    "essay",
    "--column",
    "marks",
    "--json",
  );
  expect(JSON.parse(first.stdout)).toEqual({
    job: "fill-essay-marks",
    kind: "fill",
    table: "essay",
    written: ["jobs/fill-essay-marks.ts", "jobs/fill-essay-marks.test.ts"],
    extended: [],
    kept: [],
  });
  await project.remove("jobs/fill-essay-marks.ts");
  const again = await project.type("new", "fill-essay-marks", "--table", "essay", "--json");
  expect(JSON.parse(again.stdout)).toMatchObject({ kept: ["jobs/fill-essay-marks.test.ts"] });
});

const refusals: readonly (readonly [readonly string[], number, string, string])[] = [
  [["fill-essay-word-count", "--table", "essay"], 2, "already exists", "another name"],
  [["AddConfidence Score", "--table", "essay"], 2, "is not a job's name", '"add-confidence-score"'],
  [["migration", "--table", "essay", "--kind", "delete"], 2, "does not say what", '"delete-essay"'],
  [["fix-essay", "--table", "nope"], 2, "There is no table nope", "essay"],
  [
    ["fill-keyless-a", "--table", "keyless"],
    3,
    "keyless_b_key is on columns that may be null",
    "create unique index concurrently on",
  ],
  [["fill-seen", "--table", "essays_seen"], 3, "is a view", "Name the table"],
  [
    ["fill-a-length", "--table", "essay", "--column", "length"],
    2,
    "no writable column length",
    "title, content, tags",
  ],
  [
    ["fill-nothing", "--table", "feedback_type"],
    2,
    "No column of feedback_type looks like one to fill.",
    "--column weight   or add one: --add <column>:<type>",
  ],
  [
    ["anonymise-measures", "--table", "measure", "--kind", "anonymise"],
    2,
    "No column of measure looks",
    "--column",
  ],
  [["move-essays", "--table", "essay", "--kind", "move"], 2, "needs the table", "--into <table>"],
  [["move-essays", "--table", "essay", "--into", "essay"], 2, "into the table itself", "another --into"],
  [
    ["fill-essays", "--table", "essay", "--into", "student", "--kind", "fill"],
    2,
    "--into belongs to a move or a copy",
    "Leave it out",
  ],
  [["copy-essays", "--table", "essay", "--kind", "copy"], 2, "needs the table", "--into <table>"],
  [
    ["fill-amount", "--table", "payment", "--add", "amount:integer"],
    2,
    "payment has a column amount already",
    "--column amount in place of --add",
  ],
  [["fill-cents", "--table", "payment", "--add", "cents"], 2, 'not "cents"', "--add amount_cents:integer"],
  ...["serial", "integer default 0", "nope", "record", "int, b int"].map(
    (type) =>
      [
        ["fill-cents", "--table", "payment", "--add", `cents:${type}`],
        2,
        `PostgreSQL has no type "${type}"`,
        "without default and constraints",
      ] as const,
  ),
  [
    ["fill-cents", "--table", "payment", "--add", "cents:filled"],
    2,
    "The type filled forbids null",
    "--add cents:integer",
  ],
  [
    ["fill-cents", "--table", "payment", "--add", "a:text", "--add", "a:text"],
    2,
    "has a column a already",
    "--column a",
  ],
  [
    ["fill-cents", "--table", "payment", "--add", `${"a".repeat(64)}:text`],
    2,
    "PostgreSQL keeps 1 to 63 bytes",
    "shorter name",
  ],
  [
    ["delete-essays", "--table", "essay", "--kind", "delete", "--add", "a:text"],
    2,
    "--add belongs to fill",
    "--kind fill",
  ],
  [
    ["seed-essays", "--table", "essay", "--kind", "seed", "--column", "title"],
    2,
    "--column belongs to",
    "Leave it out",
  ],
  [["fill-essays"], 2, "from one table", "tidefill new fill-essays --table <table>"],
  [["--table", "essay"], 2, "Name the job", "tidefill new <job> --table essay"],
];

test.each(refusals)(
  "new %j is refused with %i, and nothing is written",
  async (parameters, code, message, remedy) => {
    const before = await project.list();
    const refused = await project.type("new", ...parameters);
    expect(refused).toMatchObject({ code, stdout: "" });
    expect(refused.stderr).toContain(message);
    expect(refused.stderr.split("→")[1]).toContain(remedy);
    expect(await project.list()).toEqual(before);
  },
);

test("a description that lacks something is left unchanged, and the author is told", async () => {
  const tables = await project.read("jobs/tables.ts");
  await project.write("jobs/tables.ts", tables.replace('    tags: "text[]?",\n', ""));
  const refused = await project.type("new", "fill-essay-tags", "--table", "essay", "--column", "tags");
  await project.write("jobs/tables.ts", tables);
  expect(refused).toMatchObject({ code: 2 });
  expect(refused.stderr).toContain("essay in jobs/tables.ts describes the table, but does not have tags");
});

test("--kysely prints a Database interface of tables that compiles", async () => {
  const { code, stdout } = await project.type(
    "new",
    "--kysely",
    "--table",
    "essay",
    "--table",
    "shop.orders",
  );
  expect(code).toBe(0);
  expect(stdout).toContain('"shop.orders": {');
  const kysely =
    "export type Generated<T> = { readonly value: T }; export type GeneratedAlways<T> = { readonly always: T };";
  await project.write("jobs/kysely.d.ts", `declare module "kysely" { ${kysely} }`);
  const use = `
    type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : never;
    export const same: readonly [
      Same<Database["essay"]["id"], Generated<bigint>>,
      Same<Database["essay"]["length"], GeneratedAlways<number | null>>,
      Same<Database["essay"]["tags"], readonly (string | null)[] | null>,
      Same<Database["essay"]["marks"], Generated<string>>,
      Same<Database["shop.orders"]["placed_at"], string>,
    ] = [true, true, true, true, true];`;
  await project.write("jobs/database.ts", `${stdout}${use}`);
  expect(await project.compile()).toBe("");
  await project.remove("jobs/database.ts");
  const tables = await project.read("jobs/tables.ts");
  await project.write("jobs/tables.ts", tables.replace('table("ledger"', 'table("article"'));
  const described = await project.type("new", "--kysely", "--json");
  await project.write("jobs/tables.ts", tables);
  expect(described.stdout).toContain("There is no table article");
});

/** Runs tests of jobs as an author does, on the server of these tests. */
async function runTests(...jobs: readonly string[]) {
  const files = jobs.map((job) => `jobs/${job}.test.ts`);
  // Node 23 and later would write for people.
  const how = ["--test", "--test-reporter=tap"];
  return project.execute(process.execPath, "--import", "tidefill/register", ...how, ...files);
}

test("the written tests run with Node alone, and say what is still open", async () => {
  const { code, stdout } = await runTests(
    "fill-odd-dollars",
    "move-shop-orders",
    "copy-payments",
    "seed-feedback-types",
    "anonymise-students",
    "20240115-delete-old-essays",
  );
  expect(code, stdout).toBe(0);
  expect(stdout).toMatch(/^# fail 0$/m);
  expect(stdout).toMatch(/^# todo 1\d$/m);
}, 300_000);

test("the written test of a table with an enum creates the type, and has rows with each of its values", async () => {
  const text = await project.read("jobs/fill-essay-word-count.test.ts");
  expect(text).toContain("  create type mood as enum ('sad', 'happy');\n  create table essay (\n");
  expect(text).toContain("\n    mood mood,\n");
  expect(text).toContain("(enum_range(null::mood))[1 + g % 2]");
  const { code, stdout } = await runTests("fill-essay-word-count", "fill-payment-moods");
  expect(code, stdout).toBe(0);
});

test("the unedited test of a fill that adds its column checks it", async () => {
  const { code, stdout } = await runTests("fill-amount-cents");
  expect(code, stdout).toBe(0);
  expect(stdout).toMatch(/^# pass 3$/m);
});

test("once the author has written the expression, the test checks the job", async () => {
  const path = "jobs/fill-essay-word-count.test.ts";
  const text = (await project.read(path)).replaceAll("{ todo }, ", "").replace(/const todo = .*\n/, "");
  await project.write(
    path,
    text.replace("word_count: 0", "word_count: 1").replace("id: 0n }", 'id: 0n, content: "a" }'),
  );
  expect(await project.compile()).toBe("");
  const { code, stdout } = await runTests("fill-essay-word-count");
  expect(code, stdout).toBe(0);
  expect(stdout).toMatch(/^# pass 3$/m);
  await project.write(path, text);
  expect(await runTests("fill-essay-word-count")).toMatchObject({ code: 1 });
});
