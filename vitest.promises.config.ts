import { readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";
import everything from "./vitest.config.ts";

/** The test files that the table of promises names. */
const files = [...readFileSync("docs/guarantees.md", "utf8").matchAll(/\(\.\.\/(test\/[^)]+)\)/g)].map(
  ([, file = ""]) => file,
);

/** `npm test`: of each promise of docs/guarantees.md a test that shows it. */
export default defineConfig({
  ...everything,
  test: {
    ...everything.test,
    include: [...files, "test/architecture.test.ts", "test/grafana/dashboards.test.ts"],
    tagsFilter: ["promise"],
    typecheck: { enabled: false },
  },
});
