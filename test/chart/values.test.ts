import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { codeSpans, Page, tableRows } from "../documents/markdown.ts";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly definitions?: Readonly<Record<string, Schema>>;
}

const schema = JSON.parse(read("deploy/chart/values.schema.json")) as Schema;

/** Every schema in the file, by where it is; a reference is its target. */
function schemasIn(given: Schema, at: string): readonly (readonly [at: string, schema: Schema])[] {
  const to =
    given.$ref === undefined ? given : schema.definitions?.[given.$ref.replace("#/definitions/", "")];
  if (to === undefined) throw new Error(`${at} refers to nothing: ${given.$ref}`);
  const inner = Object.entries(to.properties ?? {}).flatMap(([name, each]) =>
    schemasIn(each, at === "" ? name : `${at}.${name}`),
  );
  const items = to.items === undefined ? [] : schemasIn(to.items, `${at}[]`);
  return [[at, { ...to, ...given }], ...inner, ...items];
}

const schemas = schemasIn(schema, "");

/** The values of the chart that can be set, by their paths. */
function leaves(
  value: unknown,
  path: readonly string[] = [],
): readonly (readonly [path: string, value: unknown])[] {
  const isBranch =
    typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
  if (!isBranch) return [[path.join("."), value]];
  return Object.entries(value).flatMap(([name, each]) => leaves(each, [...path, name]));
}

const values = leaves(parse(read("deploy/chart/values.yaml")));

test("the schema lets no object have a value that it does not name, apart from maps of texts", () => {
  const open = schemas.filter(([, { type, additionalProperties: more }]) => {
    if (type !== "object") return false;
    return more !== false && !(typeof more === "object" && more.type === "string");
  });
  // A parent chart may hand down anything as global.
  expect(open.map(([at]) => at)).toEqual(["global"]);
});

test("the schema describes every value", () => {
  const silent = schemas.filter(
    ([at, { description }]) => at !== "" && !at.endsWith("[]") && (description?.length ?? 0) < 5,
  );
  expect(silent.map(([at]) => at)).toEqual([]);
});

test("the schema knows every value that has a default", () => {
  const known = schemas.map(([at]) => at);
  expect(values.map(([path]) => path).filter((path) => !known.includes(path))).toEqual([]);
});

test("docs/kubernetes.md lists every value with its default", () => {
  const listed = tableRows(new Page("docs/kubernetes.md").section("## Values")).map(
    ([value = "", preset = ""]) => [codeSpans(value)[0], codeSpans(preset)[0]],
  );
  expect(listed).toEqual(values.map(([path, preset]) => [path, JSON.stringify(preset)]));
});

test("the chart is for this version of tidefill", () => {
  const { version } = JSON.parse(read("package.json")) as { readonly version: string };
  expect(parse(read("deploy/chart/Chart.yaml"))).toMatchObject({
    name: "tidefill",
    appVersion: version,
    version,
  });
});
