/** @module-tag quick */
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { folders, ofOneKind, rooms } from "./rooms.ts";

const source = fileURLToPath(new URL("../src", import.meta.url));

/** Only the listed files may import each of these libraries. */
const onlyIn: Readonly<Record<string, readonly string[]>> = {
  "libpg-query": ["sql-checks/syntax/parse-sql.ts"],
  "pg-cursor": ["postgres/transaction/read-with-cursor.ts"],
  "pg-copy-streams": ["postgres/transaction/copy.ts"],
  "prom-client": ["observe/metrics.ts", "observe/fleet-metrics.ts"],
  pino: ["observe/event-log.ts"],
  jiti: ["cli/jobs/loader.ts"],
};

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isOwn: boolean;
}

const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) =>
  file.endsWith(".ts"),
);

const imports: readonly Import[] = files.flatMap((from) => {
  const text = readFileSync(join(source, from), "utf8");
  return [...text.matchAll(/^(?:import|export)\s[^;]*?from\s+"([^"]+)"|import\("([^"]+)"\)/gms)].map(
    (match) => {
      const named = match[1] ?? match[2] ?? "";
      const isOwn = named.startsWith(".");
      return { from, isOwn, to: isOwn ? relative(source, resolve(source, dirname(from), named)) : named };
    },
  );
});

const folderOf = (file: string): string => file.split("/")[0] ?? "";

test("imports follow the arrows between folders", () => {
  const wrong = imports.filter(({ from, to, isOwn }) => {
    const allowed = folders[folderOf(from)];
    if (!isOwn || allowed === undefined || !to.includes("/") || folderOf(to) === folderOf(from)) return false;
    return !allowed.some((each) => to.startsWith(`${each}/`) || to === `${each}.ts`);
  });
  expect(wrong).toEqual([]);
});

test("imports follow the arrows between the rooms of a folder", () => {
  const wrong = imports.filter(
    ({ from, to, isOwn }) =>
      isOwn &&
      folderOf(from) === folderOf(to) &&
      dirname(from) !== dirname(to) &&
      rooms[dirname(from)]?.includes(dirname(to)) !== true,
  );
  expect(wrong).toEqual([]);
});

test("the table of rooms lists every room and no other, and each of its arrows is used", () => {
  const there = new Set(files.map(dirname).filter((room) => room !== "."));
  expect(Object.keys(rooms).toSorted()).toEqual([...there].toSorted());
  expect(Object.keys(folders).toSorted()).toEqual([...new Set([...there].map(folderOf))].toSorted());
  const unused = Object.entries(rooms).flatMap(([room, allowed]) =>
    allowed
      .filter((to) => !imports.some((each) => dirname(each.from) === room && dirname(each.to) === to))
      .map((to) => `${room} -> ${to}`),
  );
  const unusedByFolders = Object.entries(folders).flatMap(([folder, allowed]) =>
    allowed
      .filter(
        (to) =>
          !imports.some(
            ({ from, to: at }) =>
              folderOf(from) === folder && `${at.replace(/\.ts$/, "")}/`.startsWith(`${to}/`),
          ),
      )
      .map((to) => `${folder} -> ${to}`),
  );
  expect([...unused, ...unusedByFolders]).toEqual([]);
});

test("no room imports itself by way of another room", () => {
  const next = new Map<string, Set<string>>();
  for (const { from, to, isOwn } of imports) {
    const [room, other] = [dirname(from), dirname(to)];
    if (!isOwn || room === other || room === "." || other === ".") continue;
    next.set(room, (next.get(room) ?? new Set()).add(other));
  }
  expect([...next.keys()].filter((room) => reaches(next, room, room))).toEqual([]);
});

/** Whether a chain of arrows leads from one to the other. */
function reaches(
  next: ReadonlyMap<string, Iterable<string>>,
  from: string,
  goal: string,
  seen = new Set<string>(),
): boolean {
  for (const to of next.get(from) ?? []) {
    if (to === goal) return true;
    if (seen.has(to)) continue;
    seen.add(to);
    if (reaches(next, to, goal, seen)) return true;
  }
  return false;
}

test("no file imports itself through other files, even for types", () => {
  const next = new Map(
    files.map((file) => [
      file,
      imports.filter((each) => each.isOwn && each.from === file).map(({ to }) => to),
    ]),
  );
  expect(files.filter((file) => reaches(next, file, file))).toEqual([]);
});

test("only one file imports each of these libraries", () => {
  const wrong = imports.filter(({ from, to }) => onlyIn[to] !== undefined && !onlyIn[to].includes(from));
  expect(wrong).toEqual([]);
  expect(imports.filter(({ from, to }) => to === "yargs" && !from.startsWith("cli/"))).toEqual([]);
});

test("a room holds at most 20 files, or 30 where all are of one kind", () => {
  const counts = new Map<string, number>();
  for (const file of files) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
  const crowded = [...counts].filter(([room, count]) => count > (ofOneKind.includes(room) ? 30 : 20));
  expect(crowded).toEqual([]);
});

test("no file is long or named as a catch-all", () => {
  const lengths = files
    .map((file) => readFileSync(join(source, file), "utf8").split("\n").length)
    .sort((a, b) => a - b);
  expect(lengths.at(-1)).toBeLessThanOrEqual(250);
  expect(lengths[Math.floor(lengths.length / 2)]).toBeLessThanOrEqual(80);
  const names = files.map((file) => file.split("/").at(-1));
  expect(
    names.filter((name) => /^(utils?|lib|common|types|interfaces|helpers)\.ts$/.test(name ?? "")),
  ).toEqual([]);
  expect(files.filter((file) => file.split("/").at(-1) === "index.ts")).toEqual([
    "index.ts",
    "testing/index.ts",
  ]);
});

/** `read-keys` and `readKeys` have the same words, whatever their endings. */
function wordsOf(name: string): readonly string[] {
  const words = name
    .split(/[-_]|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/)
    .map((word) => word.toLowerCase());
  return words.map((word) => word.replace(/(ies|y|es|s|e|d|ed|ing)$/, ""));
}

test("a file that exports one thing is named after it", () => {
  const exported = /^export (?:default |async |abstract )*(function\*?|class|const|interface|type) (\w+)/gm;
  const wrong = files.filter((file) => {
    const all = [...readFileSync(join(source, file), "utf8").matchAll(exported)];
    const values = all.filter(([, kind = ""]) => kind !== "interface" && kind !== "type");
    const wanted = wordsOf(basename(file, ".ts"));
    const isNamed = all.some(([, , name = ""]) => wanted.every((word) => wordsOf(name).includes(word)));
    return values.length === 1 && !isNamed;
  });
  // The entry of the command line.
  expect(wrong).toEqual(["cli/main.ts"]);
});

/** The functions and methods in a source text, except constructors, with the number of their parameters. */
function parametersOf(text: string): readonly (readonly [name: string, count: number])[] {
  const heads =
    /(?:function\*?\s+(\w+)(?:<[^>(]*>)?|^\s+(?:static |async |private )*(#?\w+)(?:<[^>(]*>)?)\(/gm;
  const notNames = new Set(["if", "for", "while", "switch", "return", "constructor", "catch", "super"]);
  return [...text.matchAll(heads)].flatMap((match) => {
    const name = match[1] ?? match[2] ?? "";
    const begin = match.index + match[0].length;
    const { count, end } = countParameters(text, begin);
    const isDefinition =
      /^\)(?::| \{)/.test(text.slice(end, end + 3)) && text.slice(begin, end).includes(":");
    return notNames.has(name) || !isDefinition ? [] : [[name, count] as const];
  });
}

/** Counts the parts separated by commas from `begin` to the bracket that closes it. */
function countParameters(text: string, begin: number): { readonly count: number; readonly end: number } {
  let depth = 1;
  let count = 1;
  for (let at = begin; at < text.length; at += 1) {
    const sign = text[at] ?? "";
    if ("([{<".includes(sign)) depth += 1;
    else if (")]}".includes(sign) || (sign === ">" && text[at - 1] !== "=")) depth -= 1;
    else if (sign === "," && depth === 1 && !/^,\s*\)/.test(text.slice(at, at + 40))) count += 1;
    if (depth === 0) return { count, end: at };
  }
  return { count, end: text.length };
}

test("no function except a constructor has more than four parameters", () => {
  const all = files.flatMap((file) =>
    parametersOf(readFileSync(join(source, file), "utf8")).map(([name, count]) => ({ file, name, count })),
  );
  expect(all.length).toBeGreaterThan(1_000);
  expect(all.filter(({ count }) => count > 4)).toEqual([]);
});

/** The names that a file exports; a type has `type` before its name. */
function exportedNames(file: string): readonly string[] {
  const text = readFileSync(join(source, file), "utf8");
  return [...text.matchAll(/^export (type )?\{([^}]*)\}/gms)]
    .flatMap(([, type = "", names = ""]) =>
      names
        .split(",")
        .map((name) => name.trim())
        .filter((name) => name !== "")
        .map((name) => `${type}${name}`),
    )
    .toSorted();
}

test("the entry points of the library only re-export names", () => {
  for (const file of ["index.ts", "testing/index.ts"]) {
    const statements = readFileSync(join(source, file), "utf8")
      .split(/;\n/)
      .filter((each) => each.trim() !== "");
    expect(
      statements.filter((each) => !/^(?:\s*\/\*\*[\s\S]*?\*\/)?\s*export (?:type )?\{/.test(each)),
    ).toEqual([]);
  }
});

test("the public API matches its snapshot", () => {
  expect(exportedNames("index.ts")).toMatchSnapshot();
});

test("the public API of the kit for tests of jobs matches its snapshot", () => {
  expect(exportedNames("testing/index.ts")).toMatchSnapshot();
});
