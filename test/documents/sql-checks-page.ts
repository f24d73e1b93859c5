import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expressionRules, statementRules } from "../../src/sql-checks/all-rules.ts";
import { root } from "./markdown.ts";

const overview = "docs/sql-checks.md";
const rules = join(root, "src/sql-checks/rules");

/** The overview above this line is written by hand; everything else is generated from the rules. */
const marker = "<!-- From here on: generated from the rules in src/sql-checks/rules, by npm run docs -->";

interface RulePage {
  readonly path: string;
  readonly title: string;
  /** codes by the heading under which their sections stand */
  readonly groups: Readonly<Record<string, readonly string[]>>;
}

export const rulePages: readonly RulePage[] = [
  {
    path: "docs/sql-checks-tables.md",
    title: "Rewrites and locks",
    groups: {
      "Rewriting the whole table": [
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
      "Locks that are held for long": [
        "create-index-without-concurrently",
        "drop-index-without-concurrently",
        "reindex-without-concurrently",
        "refresh-without-concurrently",
        "detach-partition-without-concurrently",
        "attach-partition-without-check",
        "timeout-off",
        "lock-table",
      ],
    },
  },
  {
    path: "docs/sql-checks-constraints.md",
    title: "Constraints and new columns",
    groups: {
      Constraints: [
        "add-foreign-key-without-not-valid",
        "add-check-without-not-valid",
        "add-unique-without-index",
        "add-primary-key-without-index",
        "add-exclusion-constraint",
        "set-not-null-without-check",
        "validate-in-same-transaction",
        "create-domain-with-check",
        "change-domain-without-not-valid",
      ],
      Columns: ["add-required-column", "add-identity", "json-column", "narrow-primary-key"],
    },
  },
  {
    path: "docs/sql-checks-transactions.md",
    title: "Transactions and running again",
    groups: {
      Transactions: [
        "concurrently-in-transaction",
        "concurrently-beside-others",
        "concurrent-index-if-not-exists",
        "refused-in-transaction",
        "enum-value-in-same-transaction",
        "transaction-control",
      ],
      "Running again": ["non-repeatable-expression"],
    },
  },
  {
    path: "docs/sql-checks-data.md",
    title: "Many rows, drops and triggers",
    groups: {
      "Many rows": ["unbounded-update", "unbounded-delete", "truncate-table"],
      Drops: [
        "drop-table",
        "drop-column",
        "drop-not-null",
        "drop-other",
        "drop-schema",
        "drop-database",
        "drop-owned",
        "cascade",
      ],
      Triggers: ["disable-trigger"],
    },
  },
  {
    path: "docs/sql-checks-names.md",
    title: "Names",
    groups: {
      "Renaming what is in use": ["rename-table", "rename-column", "rename-schema", "rename-enum-value"],
      "Which name is meant": ["identifier-too-long", "unqualified-table", "unqualified-function"],
    },
  },
];

/** The pages as they should be, by path; the overview keeps the head that it has. */
export function sqlChecksPages(): ReadonlyMap<string, string> {
  const sections = readSections();
  const pages = rulePages.map((page) => [page.path, rulePage(page, sections)] as const);
  return new Map([[overview, overviewPage()], ...pages]);
}

function overviewPage(): string {
  const [head = ""] = readFileSync(join(root, overview), "utf8").split(marker);
  const reasons = new Map([...statementRules, ...expressionRules].map(({ code, reason }) => [code, reason]));
  const tables = rulePages.map(({ path, title, groups }) => {
    const file = path.replace("docs/", "");
    const rows = Object.values(groups)
      .flat()
      .map((code) => `| [\`${code}\`](${file}#${code}) | ${reasons.get(code)} |\n`);
    return `### [${title}](${file})\n\n| code | what would happen |\n|---|---|\n${rows.join("")}`;
  });
  return `${head}${marker}\n\n## The rules\n\n${tables.join("\n")}`;
}

function rulePage({ title, groups }: RulePage, sections: ReadonlyMap<string, string>): string {
  const head = `# SQL checks: ${title.toLowerCase()}

Each section is one rule: what would happen to a table in use, an example, and what to write instead.
[SQL checks](sql-checks.md) says when the rules apply, and how to silence one.
`;
  const body = Object.entries(groups).map(([heading, codes]) => {
    const texts = codes.map((code) => `### \`${code}\`\n\n${sections.get(code) ?? "(no comment)"}\n`);
    return `## ${heading}\n\n${texts.join("\n")}`;
  });
  return [head, ...body].join("\n");
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
