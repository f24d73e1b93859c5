import { appendFile, chmod, mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { UsageError } from "tidefill";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Columns } from "../../../src/job/columns/table.ts";
import type { Bounds, KeyText } from "../../../src/postgres/catalog/key.ts";
import type { Transaction } from "../../../src/postgres/transaction/database.ts";
import { csvFile } from "../../../src/source/file/csv-file.ts";
import { ndjsonFile } from "../../../src/source/file/ndjson-file.ts";
import { openFile } from "../../../src/source/file/opened-file.ts";
import { rows } from "../../../src/source/inline/inline-rows.ts";
import { openInline } from "../../../src/source/inline/opened-inline.ts";
import { BadRecord, type ReadableSource, type SourceRow } from "../../../src/source/readable-source.ts";
import { isLong } from "../../crash/programs/random.ts";

/** How many random cases are tried. */
const runs = (many: number): number => (isLong ? many : Math.ceil(many / 4));

/** No source here may use it. */
const tx = undefined as unknown as Transaction;
const open: Bounds = { after: null, through: null };
const unlimited = Number.MAX_SAFE_INTEGER;

let folder = "";
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidefill-files-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function written(content: string | Buffer): Promise<string> {
  files += 1;
  const path = join(folder, `${files}.txt`);
  await writeFile(path, content);
  return path;
}

async function readAll(source: ReadableSource, bounds = open, portion = 7): Promise<readonly SourceRow[]> {
  const all: SourceRow[] = [];
  for await (const found of source.read(tx, bounds, () => portion)) {
    expect(found.length).toBeGreaterThan(0);
    expect(found.length).toBeLessThanOrEqual(portion);
    all.push(...found);
  }
  return all;
}

function keyOf(source: ReadableSource, row: SourceRow): KeyText {
  return row instanceof BadRecord ? row.key : (row.slice(0, source.keyWidth) as KeyText);
}

/** What a transform would see, or why the record is rejected. */
function seen(source: ReadableSource, row: SourceRow): unknown {
  if (row instanceof BadRecord) return row.reason;
  return Object.fromEntries(
    source.columns.map(({ name, at, codec }) => [name, codec.decode(row[at] ?? null)]),
  );
}

interface CsvOptions {
  readonly header?: boolean;
  readonly delimiter?: string;
  readonly null?: string;
}

async function csv(content: string | Buffer, columns: Columns, options: CsvOptions = {}): Promise<unknown[]> {
  const source = await openFile(csvFile(await written(content), { columns, ...options }));
  return (await readAll(source)).map((row) => seen(source, row));
}

async function ndjson(content: string | Buffer, columns: Columns): Promise<unknown[]> {
  const source = await openFile(ndjsonFile(await written(content), { columns }));
  return (await readAll(source)).map((row) => seen(source, row));
}

/** Goes through a source as a run does, in ranges and batches, with a new reader wherever the dice say so. */
async function visit(
  reopen: () => Promise<ReadableSource>,
  dice: { readonly range: number; readonly batch: readonly number[]; readonly bytes: number },
): Promise<readonly SourceRow[]> {
  const visited: SourceRow[] = [];
  let source = await reopen();
  let step = 0;
  for (let after: KeyText | null = null, planned = false; !planned; ) {
    const through: KeyText | null = await source.walk.boundary(tx, after, dice.range);
    planned = through === null;
    for (let checkpoint = after, isLast = false; !isLast; step += 1) {
      const size = dice.batch[step % dice.batch.length] ?? 1;
      if (size % 3 === 0) source = await reopen();
      const batchBounds = await source.walk.nextBatch(tx, { after: checkpoint, through }, size, dice.bytes);
      const batch = await readAll(
        source,
        { after: checkpoint, through: batchBounds.through },
        1 + (size % 5),
      );
      expect(batch.length).toBe(batchBounds.walked);
      expect(batchBounds.isEmpty).toBe(batchBounds.walked === 0);
      expect(batchBounds.walked).toBeLessThanOrEqual(size);
      visited.push(...batch);
      ({ through: checkpoint, isLast } = batchBounds);
      if (isLast) expect(checkpoint).toEqual(through);
      else expect(checkpoint).toEqual(keyOf(source, batch.at(-1)!));
    }
    after = through;
  }
  return visited;
}

const nasty = fc.string({
  unit: fc.constantFrom(
    '"',
    '""',
    ",",
    "\n",
    "\r\n",
    "\r",
    " ",
    "a",
    "é",
    "漢",
    "😀",
    "\\N",
    "\t",
    "\ufeff",
    "x".repeat(97),
  ),
  maxLength: 12,
});
const dice = fc.record({
  range: fc.integer({ min: 1, max: 9 }),
  batch: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 6 }),
  bytes: fc.constantFrom(1, 30, 300, unlimited),
});
const people = fc.array(
  fc.record({
    id: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    name: nasty,
    note: fc.option(nasty, { nil: null }),
  }),
  { maxLength: 25 },
);
const columns = { id: "bigint", name: "text", note: "text?" } as const;

describe("every record of a file is visited once, with its lines, wherever a run resumes", () => {
  test("CSV", async () => {
    const shape = fc.record({
      newline: fc.constantFrom("\n", "\r\n"),
      header: fc.boolean(),
      mark: fc.constantFrom("", "\ufeff"),
      blank: fc.constantFrom(0, 1, 2),
      ends: fc.boolean(),
      delimiter: fc.constantFrom(",", ";", "\t", "§"),
    });
    await fc.assert(
      fc.asyncProperty(
        people,
        shape,
        dice,
        async (list, { newline, header, mark, blank, ends, delimiter }, turns) => {
          const field = (text: string): string =>
            /["\r\n]/.test(text) || text === "" || text.includes(delimiter) || text.startsWith("\ufeff")
              ? `"${text.replaceAll('"', '""')}"`
              : text;
          const lines: string[] = [];
          let content: string = mark;
          let line = 1;
          const add = (record: string): void => {
            const breaks = record.split("\n").length - 1;
            lines.push(`${line}-${line + breaks}`);
            content += `${record}${newline}${newline.repeat(blank)}`;
            line += breaks + 1 + blank;
          };
          if (header) {
            add(["unknown", "note", "name", "id"].join(delimiter));
            lines.pop();
          }
          for (const { id, name, note } of list) {
            const noted = note === null ? "" : field(note);
            add(
              (header ? ["x", noted, field(name), String(id)] : [String(id), field(name), noted]).join(
                delimiter,
              ),
            );
          }
          if (!ends) content = content.slice(0, content.length - newline.length * (blank + 1));
          const definition = csvFile(await written(content), { columns, header, delimiter });
          const source = await openFile(definition);
          expect(source.estimate()).toBe(list.length);
          const visited = await visit(() => openFile(definition), turns);
          expect(visited.map((row) => seen(source, row))).toEqual(list);
          expect(visited.map((row) => keyOf(source, row).slice(1).join("-"))).toEqual(lines);
        },
      ),
      { numRuns: runs(150) },
    );
  });

  test("NDJSON", async () => {
    const shape = fc.record({ newline: fc.constantFrom("\n", "\r\n", "\n\n", "\n \n"), ends: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(people, shape, dice, async (list, { newline, ends }, turns) => {
        const texts = list.map(
          ({ id, name, note }) =>
            `{"x":{"id":[1,"}"]},"name":${JSON.stringify(name)}, "note" :${JSON.stringify(note)},"id":${id} }`,
        );
        const content = texts.join(newline) + (ends ? newline : "");
        const definition = ndjsonFile(await written(content), { columns });
        const source = await openFile(definition);
        expect(source.estimate()).toBe(list.length);
        const visited = await visit(() => openFile(definition), turns);
        expect(visited.map((row) => seen(source, row))).toEqual(list);
        const apart = newline.split("\n").length - 1;
        expect(visited.map((row) => keyOf(source, row)[1])).toEqual(
          list.map((_, at) => String(1 + at * apart)),
        );
      }),
      { numRuns: runs(100) },
    );
  });

  test("inline rows", async () => {
    await fc.assert(
      fc.asyncProperty(people, dice, async (list, turns) => {
        const definition = rows(list, { columns });
        const source = await openInline(definition);
        expect(source.estimate()).toBe(list.length);
        const visited = await visit(() => openInline(definition), turns);
        expect(visited.map((row) => seen(source, row))).toEqual(list);
        expect(visited.map((row) => keyOf(source, row))).toEqual(list.map((_, at) => [String(at)]));
      }),
      { numRuns: runs(100) },
    );
  });

  test("records larger than a read of the file, and records that end where a read ends", async () => {
    const list = [65_535, 1, 65_530, 200_000, 65_536, 3].map((size, id) => ({
      id: BigInt(id),
      name: `${"é\n".repeat(size / 3)}"`,
      note: null,
    }));
    const content = list.map(({ id, name }) => `${id},"${name.replaceAll('"', '""')}",\r\n`).join("");
    const definition = csvFile(await written(content), { columns, header: false });
    const source = await openFile(definition);
    for (const bytes of [1, 100_000, unlimited]) {
      const visited = await visit(() => openFile(definition), { range: 2, batch: [1, 3, 2], bytes });
      expect(visited.map((row) => seen(source, row))).toEqual(list);
    }
  });
});

describe("any content of a file", () => {
  const bytes = fc
    .array(
      fc.oneof(
        {
          weight: 30,
          arbitrary: fc.constantFrom(
            ...['"', '"', ",", "\n", "\n", "\r\n", "\r", "a", "1", "{", "}", ":", "\xff", "\0", " "],
          ),
        },
        // A read of the file ends in the middle of something.
        { weight: 1, arbitrary: fc.constant("y".repeat(65_530)) },
      ),
      { maxLength: 40 },
    )
    .map((parts) => Buffer.from(parts.join(""), "latin1"));
  const declared = { columns: { a: "text?", b: "text" } } as const;

  test.each(["csv", "ndjson"])("of %s is divided the same way wherever reading begins", async (kind) => {
    await fc.assert(
      fc.asyncProperty(bytes, dice, async (content, turns) => {
        const path = await written(content);
        const reopen = () =>
          openFile(
            kind === "csv" ? csvFile(path, { ...declared, header: false }) : ndjsonFile(path, declared),
          );
        const source = await reopen();
        const all = await readAll(source);
        for (const at of [0, Math.floor(all.length / 2), all.length - 1]) {
          const row = all[at];
          if (row === undefined) continue;
          const after = keyOf(source, row);
          expect(await readAll(await reopen(), { after, through: null })).toEqual(all.slice(at + 1));
        }
        expect(await visit(reopen, turns)).toEqual(all);
      }),
      { numRuns: runs(150) },
    );
  });

  test.each(["csv", "ndjson"])("of %s loses no line: each is in one record, or empty", async (kind) => {
    await fc.assert(
      fc.asyncProperty(bytes, async (content) => {
        const path = await written(content);
        const source = await openFile(
          kind === "csv" ? csvFile(path, { ...declared, header: false }) : ndjsonFile(path, declared),
        );
        const inRecords = new Set<number>();
        for (const row of await readAll(source)) {
          const [, first, last] = keyOf(source, row).map(Number);
          for (let line = first!; line <= last!; line += 1) {
            expect(inRecords.has(line)).toBe(false);
            inRecords.add(line);
          }
        }
        const isEmpty = kind === "csv" ? /^\r?$/ : /^[ \t\r]*$/;
        const lines = content.toString("latin1").split("\n");
        const others = lines.flatMap((text, index) => (inRecords.has(index + 1) ? [] : [text]));
        expect(others.filter((text) => !isEmpty.test(text))).toEqual([]);
      }),
      { numRuns: runs(100) },
    );
  });

  test("with stray quotes in a CSV loses only the lines with these quotes", async () => {
    const stray = fc.constantFrom('2,5" disk,1', '"a"b,c,d', '1,x,"y"z', `8,${"w".repeat(70_000)}"`);
    await fc.assert(
      fc.asyncProperty(
        people,
        fc.array(fc.tuple(fc.nat(25), stray), { minLength: 1, maxLength: 6 }),
        fc.constantFrom("\n", "\r\n"),
        dice,
        async (list, strays, newline, turns) => {
          const quoted = (text: string | null): string =>
            text === null ? "" : `"${text.replaceAll('"', '""')}"`;
          const texts = list.map(({ id, name, note }) => [`${id},${quoted(name)},${quoted(note)}`, true]);
          for (const [at, text] of strays) texts.splice(at, 0, [text, false]);
          const path = await written(texts.map(([text]) => `${text}${newline}`).join(""));
          const definition = csvFile(path, { columns, header: false });
          const source = await openFile(definition);
          const visited = await visit(() => openFile(definition), turns);
          expect(visited.map((row) => !(row instanceof BadRecord))).toEqual(
            texts.map(([, isGood]) => isGood),
          );
          const good = visited.filter((row) => !(row instanceof BadRecord));
          expect(good.map((row) => seen(source, row))).toEqual(list);
        },
      ),
      { numRuns: runs(60) },
    );
  });
});

describe("CSV", () => {
  const two = { a: "text", b: "integer?" } as const;

  test.each([
    ["nothing at all", ""],
    ["a byte order mark alone", "\ufeff"],
    ["empty lines alone", "\n\r\n\n"],
    ["a header alone", "a,b\n"],
    ["a header without a line's end", "b,a"],
  ])("with %s has no rows", async (_, content) => {
    expect(await csv(content, two)).toEqual([]);
  });

  test("takes columns by name, in any order, and ignores other columns", async () => {
    expect(await csv("\ufeffx,b,y,a\r\n9,1,9,q\r\n", two)).toEqual([{ a: "q", b: 1 }]);
  });

  test("distinguishes null from an empty text by the quotes", async () => {
    expect(await csv('a,b\n"",\n,1\n', { a: "text?", b: "integer?" })).toEqual([
      { a: "", b: null },
      { a: null, b: 1 },
    ]);
    expect(await csv('a,b\n\\N,\\N\n"\\N",2\n,3\n', { a: "text?", b: "integer?" }, { null: "\\N" })).toEqual([
      { a: null, b: null },
      { a: "\\N", b: 2 },
      { a: "", b: 3 },
    ]);
    expect(await csv("a,b\n,1\n", two)).toEqual([{ a: "", b: 1 }]);
  });

  test("rejects a bad record and goes on", async () => {
    const content = Buffer.concat([
      Buffer.from('a,b\n"two\nlines",abc\n'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from(",2\nx\ny,1,2\n\nz\0,1\ngood,3\n"),
    ]);
    expect(await csv(content, two)).toEqual([
      "lines 2 to 3, column b (integer?): not a whole number from -2147483648 to 2147483647",
      "line 4, column a: bytes that are not UTF-8",
      "line 5, 1 field where 2 are expected",
      "line 6, 3 fields where 2 are expected",
      "line 8, column a (text): a NUL character, which PostgreSQL cannot store",
      { a: "good", b: 3 },
    ]);
  });

  test.each([
    ["a quote inside an unquoted field", 'x,1\n\nsecret "q",2\nz,3\n', [3]],
    ["text behind a closing quote", 'x,1\n"secret"q,2\nz,3\n', [2]],
    ["a quote that is never closed", 'x,1\r\n"secret\r\n\r\nz,3\r\n', [2]],
    ["a quote that is never closed, at the very end", 'x,1\nz,3\n"secret', [3]],
    ["a quote whose only match is far below", `x,1\n"secret,2\n${"\n".repeat(300)}z,3\n"w"v,4\n`, [2, 304]],
    ["quotes that break line after line", `x,1\n${'"secret"q,2\n'.repeat(3)}z,3\n`, [2, 3, 4]],
  ])("with %s loses that line, and names it", async (_, content, lines) => {
    const path = await written(`a,b\n${"y,0\n".repeat(2_000)}${content}`);
    const source = await openFile(csvFile(path, { columns: two }));
    const got = (await readAll(source)).map((row) => seen(source, row));
    const hidden = "broken quoting: the end of the record that begins here is unknown";
    const problems = got.filter((row) => typeof row === "string");
    expect(problems).toEqual(lines.map((line) => `line ${2_001 + line}, ${hidden}`));
    expect(got.slice(0, 2_001)).toEqual([...Array(2_000).fill({ a: "y", b: 0 }), { a: "x", b: 1 }]);
    expect(got).toContainEqual({ a: "z", b: 3 });
    expect(got.length).toBe(2_002 + lines.length);
  });

  test("accepts a text of very many lines, but limits the search for a closing quote", async () => {
    const text = "x\n".repeat(99_999);
    expect(await csv(`a,b\n"${text}",1\nz,3\n`, two)).toEqual([
      { a: text, b: 1 },
      { a: "z", b: 3 },
    ]);
    // Each of that many lines becomes a record: the last has a stray quote, the others lack a field.
    const got = await csv(`a,b\n"${text}\n",1\nz,3\n`, two);
    expect(got[0]).toMatch(/^line 2, broken quoting/);
    expect(got[1]).toBe("line 3, 1 field where 2 are expected");
    expect(got.at(-2)).toMatch(/^line 100002, broken quoting/);
    expect(got.at(-1)).toEqual({ a: "z", b: 3 });
    expect(got.length).toBe(100_001);
  });

  test("whose header has no end is refused, without showing it", async () => {
    const error = await csv('a,"secret\n1,2\n', two).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UsageError);
    expect(String(error)).toContain("The header of");
    expect(String(error)).not.toContain("secret");
  });

  test.each([
    ["lacks a column", "a,c\n1,2\n", /lacks the column b/],
    ["names a column twice", "a,b,a\n1,2,3\n", /has 2 times the column a/],
    ["is data", "secret,2\n", /lacks the column a/],
  ])("whose header %s is refused, without showing it", async (_, content, message) => {
    const error = await csv(content, two).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UsageError);
    expect(String(error)).toMatch(message);
    expect(String(error)).not.toContain("secret");
    expect((error as UsageError).remedy).toContain("header: false");
  });

  test("in UTF-16 is refused", async () => {
    await expect(csv(Buffer.from("\ufeffa,b\n", "utf16le"), two)).rejects.toThrow(/is UTF-16/);
  });
});

describe("a value of CSV", () => {
  test.each([
    ["smallint", " -32768 ", -32768],
    ["integer", "+007", 7],
    ["bigint", "9223372036854775807", 9223372036854775807n],
    ["real", "1e38", 1e38],
    ["double precision", "-Infinity", Number.NEGATIVE_INFINITY],
    ["double precision", "nan", Number.NaN],
    ["numeric", "123456789012345678901234567890.10", "123456789012345678901234567890.10"],
    ["boolean", "TRUE", true],
    ["boolean", "0", false],
    ["uuid", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"],
    ["date", "2024-02-29", "2024-02-29"],
    ["bytea", "\\x00ff", Buffer.from([0, 255])],
    ["jsonb", '{"a":[1,null]}', { a: [1, null] }],
    ["jsonb text", "12345678901234567890", "12345678901234567890"],
    ["bigint[]", "{1, NULL ,-9223372036854775808}", [1n, null, -9223372036854775808n]],
    [
      "text[]",
      '{{"a\\"b",c d},{"NULL",null}}',
      [
        ['a"b', "c d"],
        ["NULL", null],
      ],
    ],
    ["text[]", "{}", []],
  ])("%s %j is read", async (type, text, value) => {
    const quoted = `"${text.replaceAll('"', '""')}"`;
    expect(await csv(`${quoted}\n`, { v: type } as Columns, { header: false })).toEqual([{ v: value }]);
  });

  test.each([
    ["smallint", "40000"],
    ["integer", "12.5"],
    ["integer", "abc"],
    ["integer", ""],
    ["bigint", "9999999999999999999"],
    ["bigint", "9".repeat(100_000)],
    ["bigint", "0x10"],
    ["real", "1e39"],
    ["double precision", "1e400"],
    ["double precision", "1,5"],
    ["numeric", "1 000"],
    ["boolean", "maybe"],
    ["uuid", "abc"],
    ["date", " "],
    ["bytea", "abc"],
    ["bytea", "\\x0"],
    ["json", "{a:1}"],
    ["bigint[]", "{1,x}"],
    ["text[]", '{"abc}'],
    ["text[]", "{a,}"],
    ["text[]", "{a}b"],
    ["text[]", "ab"],
    ["text[]", '{"a"b}'],
    ["text[]", "[2:2]={a}"],
  ])("%s %j is rejected, and not shown", async (type, text) => {
    const quoted = `"${text.replaceAll('"', '""')}"`;
    const [reason] = await csv(`${quoted}\n`, { v: type } as Columns, { header: false });
    expect(reason).toMatch(/^line 1, column v \(.+\): [^"]+$/);
    if (text.trim() !== "" && text.length > 3) expect(reason).not.toContain(text);
  });
});

describe("a value of NDJSON", () => {
  test.each([
    ["integer", "12", 12],
    ["integer", "12.0", 12],
    ["integer", "1e3", 1000],
    ["bigint", "9007199254740993", 9007199254740993n],
    ["bigint", '"9007199254740993"', 9007199254740993n],
    ["numeric", "0.10000000000000000000001", "0.10000000000000000000001"],
    ["numeric", "1234567890123456789012", "1234567890123456789012"],
    ["double precision", "-0.5e-3", -0.0005],
    ["boolean", "true", true],
    ["text", '"\\u00e9\\n\\"}{"', 'é\n"}{'],
    ["jsonb", "null", null],
    ["jsonb?", "null", null],
    ["jsonb text", '{"n":12345678901234567890}', '{"n":12345678901234567890}'],
    ["jsonb[]", '[[1,"]"],null,{"a":2}]', [[1, "]"], null, { a: 2 }]],
    ["bigint[]", "[9007199254740993,null,1]", [9007199254740993n, null, 1n]],
    [
      "text[]",
      '[["a\\"b","NULL"],["{}",null]]',
      [
        ['a"b', "NULL"],
        ["{}", null],
      ],
    ],
    ["text[]?", "[]", []],
    ["bytea", '"\\\\x0a"', Buffer.from([10])],
  ])("%s %s is read", async (type, raw, value) => {
    expect(await ndjson(`{"o":"\\\\","v":${raw}}`, { v: type } as Columns)).toEqual([{ v: value }]);
  });

  test.each([
    ["integer", '"abc"'],
    ["bigint", "12.5"],
    ["bigint", "9999999999999999999"],
    ["bigint", "1e30"],
    ["integer", "true"],
    ["integer", "{}"],
    ["text", "123"],
    ["text", '"a\\u0000b"'],
    ["text", '"\\ud800"'],
    ["boolean", "1"],
    ["text", "null"],
    ["text[]", '"ab"'],
    ["text[]", "[1]"],
    ["date", "20240101"],
  ])("%s %s is rejected, and not shown", async (type, raw) => {
    const [reason] = await ndjson(`{"v":${raw}}`, { v: type } as Columns);
    expect(reason).toMatch(/^line 1, column v \(.+\): [^"]+$/);
    if (raw.length > 2 && raw !== "null" && raw !== "true") expect(reason).not.toContain(raw);
  });

  test("that is missing is null, or rejects the record", async () => {
    expect(await ndjson('{"b":1}\n{"a":"x"}\n', { a: "text?", b: "integer?" })).toEqual([
      { a: null, b: 1 },
      { a: "x", b: null },
    ]);
    expect(await ndjson("{}", { a: "jsonb" })).toEqual([
      "line 1, column a (jsonb): missing, and the column is declared not null",
    ]);
  });

  test("with a duplicate name is the last one", async () => {
    expect(await ndjson('{"a":1,"a":2,"__proto__":3}', { a: "integer", ["__proto__"]: "integer" })).toEqual([
      Object.fromEntries([
        ["a", 2],
        ["__proto__", 3],
      ]),
    ]);
  });
});

test("a bad line of NDJSON is rejected, and the next one is read", async () => {
  const content = Buffer.concat([
    Buffer.from('\ufeff{"a":1}\n{"a":secret\n[1]\n"x"\nnull\n{"a":'),
    Buffer.from([0x22, 0xc3, 0x28, 0x22]),
    Buffer.from('}\n   \n{"a":2}{"a":3}\n{"a":4}'),
  ]);
  expect(await ndjson(content, { a: "integer" })).toEqual([
    { a: 1 },
    "line 2, not valid JSON",
    "line 3, not a JSON object",
    "line 4, not a JSON object",
    "line 5, not a JSON object",
    "line 6, bytes that are not UTF-8",
    "line 8, not valid JSON",
    { a: 4 },
  ]);
});

describe("a file", () => {
  const define = (path: string) => csvFile(path, { columns: { a: "integer" } });

  test("that cannot be read is refused with its path", async () => {
    const missing = await openFile(define("no/such.csv")).catch((reason: unknown) => reason);
    expect(missing).toBeInstanceOf(UsageError);
    expect(String(missing)).toContain("The file no/such.csv does not exist.");
    expect((missing as UsageError).remedy).toContain(join(process.cwd(), "no/such.csv"));
    const inner = join(folder, "inner");
    await mkdir(inner);
    await expect(openFile(define(inner))).rejects.toThrow(/is a folder, not a file/);
    await expect(openFile(define("/dev/null"))).rejects.toThrow(/not a file/);
    const secret = await written("a\n1\n");
    await chmod(secret, 0);
    if (process.getuid?.() !== 0) await expect(openFile(define(secret))).rejects.toThrow(/may not be read/);
  });

  test("has the hash of its content", async () => {
    const [first, same, other] = await Promise.all(
      ["a\n1\n", "a\n1\n", "a\n2\n"].map(async (content) => openFile(define(await written(content)))),
    );
    expect(first?.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(same?.fingerprint).toBe(first?.fingerprint);
    expect(other?.fingerprint).not.toBe(first?.fingerprint);
  });

  test("of large size is estimated by its first records", async () => {
    const source = await openFile(define(await written(`a\n${"12345\n".repeat(50_000)}`)));
    expect(source.estimate()).toBeGreaterThan(45_000);
    expect(source.estimate()).toBeLessThan(55_000);
  });

  test("that grows, changes or disappears is not read further", async () => {
    const path = await written(`a\n${"1\n".repeat(100_000)}`);
    const source = await openFile(define(path));
    const portions = source.read(tx, open, () => 10);
    expect((await portions.next()).value).toHaveLength(10);
    await appendFile(path, "2\n");
    const rest = async () => {
      for await (const _ of portions);
    };
    await expect(rest()).rejects.toThrow(/changed while the run was reading it/);
    // Its bounds may come out of what was parsed before; its rows are looked at before the batch can be committed.
    await expect(readAll(source)).rejects.toThrow(/changed while the run was reading it/);
    const touched = await openFile(define(path));
    await utimes(path, 1, 1);
    await expect(readAll(touched)).rejects.toThrow(/changed while the run was reading it/);
    const gone = await openFile(define(path));
    await rm(path);
    await expect(readAll(gone)).rejects.toThrow(/does not exist/);
  });

  test("read only within bounds ends at the upper bound", async () => {
    const source = await openFile(define(await written("a\n1\n2\n\n3\n4")));
    const second = await source.walk.boundary(tx, null, 2);
    const fourth = await source.walk.boundary(tx, second, 2);
    expect([second, fourth]).toEqual([
      ["6", "3", "3"],
      ["10", "6", "6"],
    ]);
    expect(await source.walk.boundary(tx, second, 3)).toBeNull();
    expect(await source.walk.nextBatch(tx, { after: second, through: fourth }, 9, unlimited)).toEqual({
      through: fourth,
      walked: 2,
      isLast: true,
      isEmpty: false,
    });
    // The only remaining row has its own key, even where the range has an open end.
    expect(await source.walk.nextBatch(tx, { after: second, through: null }, 2, unlimited)).toMatchObject({
      through: fourth,
      isLast: false,
    });
    expect(await source.walk.nextBatch(tx, { after: fourth, through: null }, 2, unlimited)).toEqual({
      through: null,
      walked: 0,
      isLast: true,
      isEmpty: true,
    });
    expect(await (source as ReadableSource).walk.hasRows(tx, open)).toBe(true);
  });
});

describe("a definition", () => {
  const a = { a: "text" } as const;

  test("contains everything that decides what the job does, as plain data", () => {
    const texts = [
      csvFile("a.csv", { columns: a }),
      csvFile("a.csv", { columns: a, header: false }),
      csvFile("a.csv", { columns: a, delimiter: ";" }),
      csvFile("a.csv", { columns: a, null: "-" }),
      csvFile("b.csv", { columns: a }),
      csvFile("a.csv", { columns: { a: "text?" } }),
      ndjsonFile("a.csv", { columns: a }),
      ndjsonFile("b.csv", { columns: a }),
      rows([{ a: "1" }], { columns: a }),
      rows([{ a: "2" }], { columns: a }),
      rows([{ a: 2n }], { columns: { a: "bigint" } }),
    ].map((source) => {
      expect(Object.isFrozen(source)).toBe(true);
      return JSON.stringify(source.describe());
    });
    expect(new Set(texts).size).toBe(texts.length);
  });

  test("of rows keeps them as they were given", async () => {
    const list = [{ a: "1" }];
    const source = rows(list, { columns: a });
    list[0]!.a = "2";
    expect(source.values).toEqual([["1"]]);
    expect((await openInline(source)).fingerprint).toBe(
      (await openInline(rows([{ a: "1" }], { columns: a }))).fingerprint,
    );
  });

  test.each([
    ["no path", () => csvFile("", { columns: a })],
    ["no columns", () => ndjsonFile("a", { columns: {} })],
    ["an unknown type", () => csvFile("a", { columns: { a: "int8" } as unknown as Columns })],
    ["a delimiter of two characters", () => csvFile("a", { columns: a, delimiter: "||" })],
    ["a quote as delimiter", () => csvFile("a", { columns: a, delimiter: '"' })],
    ["a null that contains the delimiter", () => csvFile("a", { columns: a, null: "a,b" })],
    [
      "a header that is not a boolean",
      () => csvFile("a", { columns: a, header: "yes" as unknown as boolean }),
    ],
    ["a row that is no object", () => rows([null as unknown as { a: string }], { columns: a })],
    ["an unknown column", () => rows([{ a: "", b: "" } as { a: string }], { columns: a })],
    ["a missing value", () => rows([{} as { a: string }], { columns: a })],
    ["a value of another type", () => rows([{ a: 1 as unknown as string }], { columns: a })],
    ["a fraction for a whole number", () => rows([{ a: 1.5 }], { columns: { a: "integer" } })],
    ["null in a column that is not null", () => rows([{ a: null as unknown as string }], { columns: a })],
    ["a NUL character", () => rows([{ a: "\0" }], { columns: a })],
  ])("with %s is refused with a remedy", (_, define) => {
    let error: unknown;
    try {
      define();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).remedy).toBeTruthy();
  });
});
