import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const source = fileURLToPath(new URL("../src", import.meta.url));

/** Folders are the glossary, and arrows go one way; each may import itself and what lies beside the folders. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  postgres: [],
  job: ["postgres/sql", "postgres/built-query", "postgres/address"],
  store: ["postgres"],
  throttle: ["postgres"],
  source: ["job", "postgres"],
  sink: ["job", "postgres"],
  plan: ["sql-checks", "steps", "job", "source", "sink", "store", "postgres"],
  "sql-checks": [],
  steps: ["job", "store", "postgres"],
  remedies: [
    "job",
    "throttle",
    "store/run",
    "store/run-status",
    "postgres/failure",
    "postgres/blocking-sessions",
  ],
  health: ["remedies", "engine", "steps", "plan", "job", "store", "postgres"],
  engine: [
    "remedies",
    "backup/intact",
    "steps",
    "plan",
    "job",
    "source",
    "sink",
    "throttle",
    "store",
    "postgres",
  ],
  backup: ["plan", "job", "source", "sink", "store", "postgres"],
  observe: ["remedies", "engine/events"],
  server: ["observe", "store"],
  embedded: [],
  scaffold: ["job", "postgres"],
  testing: ["engine", "steps", "plan", "job", "source", "sink", "store", "postgres", "embedded"],
  cli: [
    "scaffold",
    "remedies",
    "health",
    "steps",
    "engine",
    "backup",
    "plan",
    "job",
    "source",
    "sink",
    "throttle",
    "store",
    "postgres",
    "observe",
    "server",
    "embedded",
  ],
};

/** Each of these libraries is known to these files only. */
const onlyIn: Readonly<Record<string, readonly string[]>> = {
  "libpg-query": ["sql-checks/syntax.ts"],
  "pg-cursor": ["postgres/read-with-cursor.ts"],
  "pg-copy-streams": ["postgres/copy.ts"],
  "prom-client": ["observe/metrics.ts"],
  pino: ["observe/event-log.ts"],
  jiti: ["cli/loader.ts"],
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

test("imports follow the arrows", () => {
  const wrong = imports.filter(({ from, to, isOwn }) => {
    const folder = from.split("/")[0] ?? "";
    const allowed = mayImport[folder];
    if (!isOwn || allowed === undefined || !to.includes("/") || to.startsWith(`${folder}/`)) return false;
    return !allowed.some((each) => to.startsWith(`${each}/`) || to === `${each}.ts`);
  });
  expect(wrong).toEqual([]);
});

test("every folder stands in the table", () => {
  const folders = new Set(files.filter((file) => file.includes("/")).map((file) => file.split("/")[0]));
  expect([...folders].filter((folder) => mayImport[folder ?? ""] === undefined)).toEqual([]);
});

test("no file imports itself by a detour, even for types", () => {
  const next = new Map(
    files.map((file) => [
      file,
      imports.filter((each) => each.isOwn && each.from === file).map(({ to }) => to),
    ]),
  );
  const reaches = (from: string, goal: string, seen = new Set<string>()): boolean =>
    (next.get(from) ?? []).some((to) => {
      if (to === goal) return true;
      if (seen.has(to)) return false;
      seen.add(to);
      return reaches(to, goal, seen);
    });
  expect(files.filter((file) => reaches(file, file))).toEqual([]);
});

test("each of these libraries is known to one file only", () => {
  const wrong = imports.filter(({ from, to }) => onlyIn[to] !== undefined && !onlyIn[to].includes(from));
  expect(wrong).toEqual([]);
  expect(imports.filter(({ from, to }) => to === "yargs" && !from.startsWith("cli/"))).toEqual([]);
});

test("no room is crowded, and none is a lumber room", () => {
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

test("the public API is what it was", () => {
  expect(readFileSync(join(source, "index.ts"), "utf8")).toMatchSnapshot();
});

test("the public API of the kit for tests of jobs is what it was", () => {
  expect(readFileSync(join(source, "testing/index.ts"), "utf8")).toMatchSnapshot();
});
