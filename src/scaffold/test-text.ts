import { inTemplate, listed, nameList } from "./source-text.ts";

/** The test of a job that is to be written. */
export interface TestParts {
  readonly job: string;
  /** statements that make the tables and their rows */
  readonly schema: readonly string[];
  /** what stands in the way of the job's doing anything yet; null when nothing does */
  readonly open: string | null;
  readonly tests: readonly JobTest[];
  /** columns that are otherwise each time */
  readonly ofChance?: readonly string[];
}

interface JobTest {
  /** what the job does, behind its name */
  readonly says: string;
  /** statements, with `database` where it wants one */
  readonly body: readonly string[];
  readonly wantsDatabase: boolean;
}

const kit = ["expectSameAfterKills", "runJobInTest", "transformOne", "withDatabase"];

/** The text of a test that runs by `node --test`, with nothing else installed. */
export function testText({ job, schema, open, tests, ofChance = [] }: TestParts): string {
  const ignored = ofChance.length === 0 ? [] : [`ignore: ${nameList(ofChance, { indent: 8, used: 50 })}`];
  const killed: JobTest = {
    says: "killed at any batch and started again, ends in the same state",
    body: [
      `await expectSameAfterKills(job, ${listed(["{", "}"], ["database", ...ignored], { indent: 6, used: 38 })});`,
    ],
    wantsDatabase: true,
  };
  const bodies = [...tests, killed].map((each) => one(job, each, open !== null));
  const text = bodies.join("\n\n");
  const used = kit.filter((name) => text.includes(`${name}(`));
  return [
    ...(/\bassert\./.test(text) ? ['import assert from "node:assert/strict";'] : []),
    'import { test } from "node:test";',
    `import { ${used.join(", ")} } from "tidefill/testing";`,
    `import job from "./${job}.ts";`,
    "",
    "// As the database had it when this file was written; change it as you like.",
    "const schema = `",
    ...[...new Set(schema)].map(inTemplate).flatMap((part) => part.split("\n").map((line) => `  ${line}`)),
    "`;",
    ...(open === null ? [] : ["", `const todo = ${JSON.stringify(open)};`]),
    "",
    text,
    "",
  ].join("\n");
}

function one(job: string, { says, body, wantsDatabase }: JobTest, isOpen: boolean): string {
  const opening = `test(${JSON.stringify(`${job}${says.startsWith("killed") ? "," : ""} ${says}`)}, ${isOpen ? "{ todo }, " : ""}`;
  const inner = (margin: string) => body.map((line) => `${margin}${line}`);
  if (!wantsDatabase) return [`${opening}async () => {`, ...inner("  "), "});"].join("\n");
  return [
    `${opening}() =>`,
    "  withDatabase(",
    "    async (database) => {",
    ...inner("      "),
    "    },",
    "    { schema },",
    "  ));",
  ].join("\n");
}
