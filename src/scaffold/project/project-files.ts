// The examples' tests too, as long as they are there.
const testCommand = "node --import tidefill/register --test */*.test.ts";

/** What a project has beside its jobs, by its files; `version` is that of this package. */
export function projectFiles(version: string): Readonly<Record<string, string>> {
  return {
    "package.json": inJson({
      private: true,
      type: "module",
      scripts: { up: "tidefill up", check: "tsc && tidefill check", test: testCommand },
      dependencies: { tidefill: `^${version}` },
      devDependencies: { "@types/node": "^20.19.0", typescript: ">=5.8" },
    }),
    "tsconfig.json": inJson({
      compilerOptions: {
        target: "es2023",
        module: "preserve",
        types: ["node"],
        strict: true,
        verbatimModuleSyntax: true,
        allowImportingTsExtensions: true,
        erasableSyntaxOnly: true,
        skipLibCheck: true,
        noEmit: true,
      },
      include: ["jobs", "examples"],
    }),
  };
}

/** The folder of jobs as long as there is none, so that every command finds it. */
export const emptyJobs: Readonly<Record<string, string>> = {
  "tables.ts": "// What jobs read and write: `tidefill new <job> --table <table>` describes tables here.\n",
};

/** What belongs into no repository: the embedded PostgreSQL, and what npm installs. */
export const ignoredPaths: readonly string[] = [".tidefill/", "node_modules/"];

/** The text with those of the lines that it lacks. */
export function withLines(text: string, lines: readonly string[]): string {
  const has = new Set(text.split(/\r?\n/).map((line) => line.trim().replace(/^\//, "").replace(/\/$/, "")));
  const missing = lines.filter((line) => !has.has(line.replace(/\/$/, "")));
  if (missing.length === 0) return text;
  const head = text === "" || text.endsWith("\n") ? text : `${text}\n`;
  return `${head}${missing.join("\n")}\n`;
}

function inJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
