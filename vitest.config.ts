import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const index = fileURLToPath(new URL("./src/index.ts", import.meta.url));
const testing = fileURLToPath(new URL("./src/testing/index.ts", import.meta.url));

export default defineConfig({
  resolve: { alias: { "tidefill/testing": testing, tidefill: index } },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    tags: [
      { name: "promise", description: "Shows a promise of docs/guarantees.md: npm test runs it." },
      { name: "quick", description: "Looks at files only, within a second or two: npm test runs it." },
    ],
    setupFiles: ["test/support/leaks.ts"],
    // Several times what the longest test takes on a quiet machine, since a busy one must not fail it.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // More than processors: tests mostly wait, for leases to run out and for servers to start.
    maxWorkers: availableParallelism() * 3,
    typecheck: { enabled: true, include: ["test/types/*.test-d.ts"], tsconfig: "./tsconfig.json" },
  },
});
