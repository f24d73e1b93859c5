import { readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";
import everything, { inTwoParts } from "./vitest.config.ts";

/** The test files that the table of promises names. */
const files = [...readFileSync("docs/guarantees.md", "utf8").matchAll(/\(\.\.\/(test\/[^)]+)\)/g)].map(
  ([, file = ""]) => file,
);

/** Tests of the tree itself, which tell at once what else a change has to carry along. */
const quick = [
  "test/architecture",
  "test/grafana/dashboards",
  "test/support-tests/shared-server",
  "test/documents/{guarantees,links,plain-words}",
];

/** `npm test`: of each promise of docs/guarantees.md a test that shows it, and the quick tests. */
export default defineConfig({
  ...everything,
  test: {
    ...everything.test,
    projects: inTwoParts([...files, ...quick.map((file) => `${file}.test.ts`)]),
    tagsFilter: ["promise || quick"],
    typecheck: { enabled: false },
  },
});
