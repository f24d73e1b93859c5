import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./markdown.ts";

const path = join(root, "docs/sql-checks.md");
const rules = join(root, "src/sql-checks/rules");

/** What stands above it is written by hand; what stands below is made of the comments above the rules. */
const marker = "<!-- From here on: the comments above the rules in src/sql-checks/rules, by npm run docs -->";

/** The codes of the page, group by group. */
const groups: Readonly<Record<string, readonly string[]>> = {
  "Writing the whole table anew": [
    "change-column-type",
    "add-column-with-volatile-default",
    "add-auto-incrementing-column",
    "add-stored-generated-column",
    "change-generated-expression",
    "change-persistence",
    "set-tablespace",
    "set-access-method",
    "cluster-table",
    "vacuum-full",
  ],
  "Locks while something long happens": [
    "create-index-without-concurrently",
    "drop-index-without-concurrently",
    "reindex-without-concurrently",
    "refresh-without-concurrently",
    "detach-partition-without-concurrently",
    "attach-partition-without-check",
    "timeout-off",
    "lock-table",
  ],
  Constraints: [
    "add-foreign-key-without-not-valid",
    "add-check-without-not-valid",
    "add-unique-without-index",
    "add-primary-key-without-index",
    "add-exclusion-constraint",
    "set-not-null-without-check",
    "add-required-column",
    "validate-in-same-transaction",
    "create-domain-with-check",
    "change-domain-without-not-valid",
    "add-identity",
    "json-column",
    "narrow-primary-key",
  ],
  Transactions: [
    "concurrently-in-transaction",
    "concurrently-beside-others",
    "concurrent-index-if-not-exists",
    "refused-in-transaction",
    "enum-value-in-same-transaction",
    "transaction-control",
  ],
  "Many rows, and rows that are gone": [
    "unbounded-update",
    "unbounded-delete",
    "truncate-table",
    "drop-table",
    "drop-column",
    "drop-not-null",
    "drop-other",
    "drop-schema",
    "drop-database",
    "drop-owned",
    "cascade",
    "disable-trigger",
  ],
  Names: [
    "rename-table",
    "rename-column",
    "rename-schema",
    "rename-enum-value",
    "identifier-too-long",
    "unqualified-table",
    "unqualified-function",
  ],
  "Running again": ["non-repeatable-expression"],
};

/** The page as it should be, with the head that it has. */
export function sqlChecksPage(): string {
  const [head = ""] = readFileSync(path, "utf8").split(marker);
  const sections = readSections();
  const body = Object.entries(groups).map(([title, codes]) => {
    const texts = codes.map((code) => `### \`${code}\`\n\n${sections.get(code) ?? "(no comment)"}\n`);
    return `## ${title}\n\n${texts.join("\n")}`;
  });
  return `${head}${marker}\n\n${body.join("\n")}`;
}

/** The comment above each rule, by its code. */
function readSections(): ReadonlyMap<string, string> {
  const rule =
    /\/\*\*\n((?: \*.*\n)*?) \*\/\n(?:\/\/.*\n)*export const \w+: Rule = \{\n {2}code: "([a-z-]+)"/g;
  return new Map(
    readdirSync(rules).flatMap((file) =>
      [...readFileSync(join(rules, file), "utf8").matchAll(rule)].map(
        ([, comment = "", code = ""]) => [code, comment.replaceAll(/^ \* ?/gm, "").trimEnd()] as const,
      ),
    ),
  );
}
