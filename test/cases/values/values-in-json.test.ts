import {
  defineJob,
  insertInto,
  type Job,
  type RunReport,
  rowsOf,
  runJob,
  table,
  update,
  verifyRun,
} from "tidefill";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";

const database = useDatabase();

beforeEach(async () => {
  await database.query(`
    ${emptyStore};
    drop table if exists t, u;
    create extension if not exists pgcrypto;
    create table t (id bigint primary key, s text, j jsonb, k json, a jsonb[], o jsonb);
    create table u (id bigint primary key, j jsonb, k json, a jsonb[]);
    insert into t (id, s) select g, 'secret-' || g from generate_series(1, 20) g`);
});

afterEach(() => vi.unstubAllEnvs());

const t = table("t", {
  key: "id",
  columns: { id: "bigint", s: "text?", j: "jsonb?", k: "json?", a: "jsonb[]?", o: "jsonb?" },
});
const u = table("u", { key: "id", columns: { id: "bigint", j: "jsonb?", k: "json?", a: "jsonb[]?" } });

async function run(job: Job): Promise<RunReport> {
  return runJob(job, { connectionString: database.url, again: true, workers: 1 });
}

/** Returns what `answer` gives for row 5, and writes one to the other rows. */
function forRow5(answer: (row: { readonly s: string | null }) => unknown): Job {
  return defineJob({
    name: "answer",
    source: rowsOf(t),
    transform: (row) => (row.id === 5n ? answer(row) : { j: 1 }) as never,
    sink: update(t, ["j"]),
  });
}

async function reasons(): Promise<unknown[]> {
  const rejects = await database.query("select reason from tidefill.reject order by key");
  return rejects.map(({ reason }) => reason);
}

class Account {
  readonly amount = 5;
}

const circle: Record<string, unknown> = {};
circle.self = circle;
const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);

const damaged: readonly (readonly [what: string, value: () => unknown, reason: string])[] = [
  ["a Map", () => ({ m: new Map([[1, 2]]) }), "a Map, at $.m"],
  ["a Set", () => ({ m: [new Set([1])] }), "a Set, at $.m[0]"],
  ["an Error", () => ({ e: new Error("secret-5") }), "an Error, at $.e"],
  ["a RegExp", () => /secret-5/, "a RegExp, at $"],
  [
    "a promise that is not awaited",
    () => ({ p: Promise.reject(new Error("secret-5")) }),
    "a Promise, at $.p",
  ],
  ["an invalid Date", () => ({ d: new Date(Number.NaN) }), "an invalid Date, at $.d"],
  ["undefined in an array", () => ({ a: [undefined] }), "undefined, at $.a[0]"],
  ["a hole in an array", () => new Array(2), "undefined, at $[0]"],
  ["a function in an array", () => [() => 1], "a function, at $[0]"],
  ["a function in an object", () => ({ f: () => 1 }), "a function, at $.f"],
  ["a symbol", () => ({ s: Symbol("secret-5") }), "a symbol, at $.s"],
  ["a Buffer", () => ({ b: Buffer.from("secret-5") }), "a Buffer; write bytes as a text, at $.b"],
  ["a typed array", () => [new Float64Array(2)], "a Float64Array; write bytes as a text, at $[0]"],
  ["an instance of a class", () => ({ a: new Account() }), "an Account, at $.a"],
  ["a boxed number", () => [Object(1)], "a Number, at $[0]"],
  [
    "a bigint",
    () => [{ n: 5n }],
    "a bigint, which JSON does not have; make it a text or a number, at $[0].n",
  ],
  ["a value that holds itself", () => circle, "a value that holds itself, at $.self"],
  ["a value that is too deep", () => deep(5_000), "nested more than 1000 deep"],
  ["a Map under a secret name", () => ({ "secret-5@school.example": new Map() }), "a Map, at $[…]"],
];

test.each(damaged)("%s inside JSON is a reject that names its place (A3)", async (_, value, reason) => {
  expect(await run(forRow5(() => ({ j: value() })))).toMatchObject({
    status: "succeeded",
    rows: { written: 19, rejected: 1 },
  });
  const [found] = await reasons();
  expect(found).toContain(`column j (jsonb?): ${reason}`);
  expect(found).not.toContain("secret");
});

test("values that JSON drops or turns into text are written as JSON writes them (A3)", async () => {
  const at = new Date("2025-06-30T16:00:00.123Z");
  const money = { toJSON: () => ({ cents: 5 }) };
  await run(forRow5(() => ({ j: { at, money, gone: undefined, url: new URL("http://a.example/") } })));
  expect(await database.query("select j from t where id = 5")).toEqual([
    { j: { at: "2025-06-30T16:00:00.123Z", money: { cents: 5 }, url: "http://a.example/" } },
  ]);
});

const thrown: readonly (readonly [what: string, answer: (row: { readonly s: string | null }) => unknown])[] =
  [
    [
      "a toJSON that throws",
      ({ s }) => ({
        j: {
          toJSON: () => {
            throw new Error(String(s));
          },
        },
      }),
    ],
    [
      "a getter that throws",
      ({ s }) => ({
        get j() {
          throw new Error(String(s));
        },
      }),
    ],
    ["an unknown column with a secret name", ({ s }) => ({ j: 1, [String(s)]: 1 })],
    [
      "a proxy that throws",
      ({ s }) =>
        new Proxy(
          {},
          {
            ownKeys: () => {
              throw new Error(String(s));
            },
          },
        ),
    ],
    [
      "a proxy that throws when it is asked for a promise",
      ({ s }) =>
        new Proxy(
          {},
          {
            has: () => {
              throw new Error(String(s));
            },
          },
        ),
    ],
    [
      "an error whose message throws",
      ({ s }) => {
        throw Object.defineProperty(new Error("x"), "message", {
          get: () => {
            throw new Error(String(s));
          },
        });
      },
    ],
    ["a Map under a secret name", ({ s }) => ({ j: { [String(s).replace("-", "_")]: new Map() } })],
  ];

test.each(thrown)("%s rejects its row, and the reason keeps nothing of a person", async (_, answer) => {
  vi.stubEnv("TIDEFILL_UNDO_KEY", "a key of the operator's own");
  const job = { ...forRow5(answer), personalData: true };
  expect(await run(job)).toMatchObject({ status: "succeeded", rows: { written: 19, rejected: 1 } });
  expect(JSON.stringify(await reasons())).not.toMatch(/secret/);
});

test.each(thrown.slice(0, 5))("%s is quoted in the reason of a job not about persons", async (_, answer) => {
  expect(await run(forRow5(answer))).toMatchObject({ rows: { written: 19, rejected: 1 } });
  expect(JSON.stringify(await reasons())).toMatch(/secret-5/);
});

test("JSON's null in an array of jsonb stays JSON's null (A2)", async () => {
  await database.query("update t set a = array['null'::jsonb, null, '1.10', '[1, 2]']");
  const before = await database.query("select xmin, a::text from t order by id");
  const identity = defineJob({
    name: "identity",
    source: rowsOf(t),
    transform: ({ a }) => ({ a }),
    sink: update(t, ["a"]),
  });
  expect(await run(identity)).toMatchObject({ rows: { written: 0, unchanged: 20, rejected: 0 } });
  expect(await database.query("select xmin, a::text from t order by id")).toEqual(before);
  expect(await database.query("select distinct a[1] is null as is_null from t")).toEqual([
    { is_null: false },
  ]);
});

test("an ambiguous null in an array of jsonb is a reject, and its neighbours are kept (A2)", async () => {
  await database.query("update t set a = array['null'::jsonb, '2.20', '1.10']");
  const shorten = defineJob({
    name: "shorten",
    source: rowsOf(t),
    transform: ({ id, a }) => ({
      a: (a ?? []).slice(id === 5n ? 0 : 1, 2).concat(id === 5n ? [null, 3] : []),
    }),
    sink: update(t, ["a"]),
  });
  expect(await run(shorten)).toMatchObject({ rows: { written: 19, rejected: 1 } });
  expect(await reasons()).toEqual([
    "column a (jsonb[]?): null, which may be JSON's or SQL's, since the array held JSON's; declare it \"jsonb text[]\", at $[0]",
  ]);
});

test("a two-dimensional array of jsonb is not confused with a jsonb array of arrays (A2)", async () => {
  await database.query(`update t set a = '{{"1","2"},{"3","4"}}' where id = 5`);
  const identity = defineJob({
    name: "identity",
    source: rowsOf(t),
    transform: ({ a }) => ({ a }),
    sink: update(t, ["a"]),
  });
  expect(await run(identity)).toMatchObject({ rows: { written: 0, rejected: 1 } });
  expect(await reasons()).toEqual([
    'column a (jsonb[]?): more than one dimension, which JSON\'s own arrays cannot be told from; declare it "jsonb text[]"',
  ]);
});

const document = `{"n": 12345678901234567890.10, "b":1,  "2":2.50,"1":3,"d":1,"d": {"x": 1.0, "y": [1e400, -0]}}`;

test("the parts of a JSON value that a transform leaves alone keep their text (A13)", async () => {
  await database.query("update t set k = $1::json, j = $1::jsonb", [document]);
  const change = defineJob({
    name: "change",
    source: rowsOf(t),
    transform: ({ j, k }) => ({
      j: { ...(j as object), b: 7 },
      k: { ...(k as object), b: 7, z: 8 },
    }),
    sink: update(t, ["j", "k"]),
  });
  expect(await run(change)).toMatchObject({ rows: { written: 20, rejected: 0 } });
  expect(
    await database.query("select distinct k::text, j = $1::jsonb || '{\"b\": 7}' as same from t", [document]),
  ).toEqual([
    {
      k: `{"n":12345678901234567890.10,"b":7,"2":2.50,"1":3,"d":1,"d":{"x": 1.0, "y": [1e400, -0]},"z":8}`,
      same: true,
    },
  ]);
  const report = await verifyRun(change, { connectionString: database.url });
  expect(report).toMatchObject({ status: "succeeded", rows: { conflicted: 0 } });
});

test("a duplicate member that is changed or removed leaves no older one behind (A13)", async () => {
  await database.query(
    `update t set k = '{"s":"secret-1","s":"secret-2","e":"secret-3","e":"secret-4","n":1.0}'`,
  );
  const mask = defineJob({
    name: "mask",
    source: rowsOf(t),
    transform: ({ k }) => {
      const { e: _, ...rest } = k as Record<string, string>;
      return { k: { ...rest, s: "masked" } };
    },
    sink: update(t, ["k"]),
  });
  await run(mask);
  expect(await database.query("select distinct k::text from t")).toEqual([{ k: `{"s":"masked","n":1.0}` }]);
});

test("members that a transform reorders are written in the new order (A13)", async () => {
  await database.query(`update t set k = '{"b": 1.0, "a": 2.0}'`);
  const order = defineJob({
    name: "order",
    source: rowsOf(t),
    transform: ({ k }) => {
      const { a, b } = k as Record<string, number>;
      return { k: { a: a ?? 0, b: b ?? 0 } };
    },
    sink: update(t, ["k"]),
  });
  await run(order);
  expect(await database.query("select distinct k::text from t")).toEqual([{ k: `{"a":2.0,"b":1.0}` }]);
});

test("JSON that a transform changes in place is recognised as changed (A13)", async () => {
  await database.query(`update t set j = '{"deep": {"n": 1.10, "m": 2.20}}'`);
  const change = defineJob({
    name: "change",
    source: rowsOf(t),
    transform: ({ j }) => {
      (j as { deep: { n: number } }).deep.n = 5;
      return { j };
    },
    sink: update(t, ["j"]),
  });
  await run(change);
  expect(await database.query("select distinct j::text from t")).toEqual([
    { j: '{"deep": {"m": 2.20, "n": 5}}' },
  ]);
});

test("a part of JSON that goes into another column or table keeps its text (A13)", async () => {
  await database.query("update t set k = $1::json, a = array[$1::jsonb]", [
    `{"part": {"n": 1.10, "2": 1, "1": 2}}`,
  ]);
  const part = defineJob({
    name: "part",
    source: rowsOf(t),
    transform: ({ id, k, a }) => ({
      id,
      j: (k as { part: never }).part,
      k: [(k as { part: never }).part, 1],
      a: [...(a ?? []), { more: a?.[0] ?? null }],
    }),
    sink: insertInto(u, ["id", "j", "k", "a"]),
  });
  expect(await run(part)).toMatchObject({ rows: { written: 20, rejected: 0 } });
  expect(await database.query("select distinct j::text, k::text, a[2]::text as a from u")).toEqual([
    {
      j: '{"1": 2, "2": 1, "n": 1.10}',
      k: `[{"n": 1.10, "2": 1, "1": 2},1]`,
      a: '{"more": {"part": {"1": 2, "2": 1, "n": 1.10}}}',
    },
  ]);
});
