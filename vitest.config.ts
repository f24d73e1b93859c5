import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const index = fileURLToPath(new URL("./src/index.ts", import.meta.url));
const testing = fileURLToPath(new URL("./src/testing/index.ts", import.meta.url));

/** Files that replace modules, which the other files of a worker must not see. */
const apart = [
  "test/database/values/without-returning-old.test.ts",
  "test/database/verify/verify-pace.test.ts",
  "test/unit/throttle/processor.test.ts",
];

/** The tests in two parts. The files of a worker share its modules: to load them takes longer than most tests. */
export function inTwoParts(include: readonly string[]) {
  return [
    {
      extends: true as const,
      test: { name: "together", include: [...include], exclude: apart, isolate: false },
    },
    { extends: true as const, test: { name: "apart", include: apart, typecheck: { enabled: false } } },
  ];
}

export default defineConfig({
  resolve: { alias: { "tidefill/testing": testing, tidefill: index } },
  test: {
    projects: inTwoParts(["test/**/*.test.ts"]),
    globalSetup: ["test/support/global-setup.ts"],
    tags: [
      { name: "promise", description: "Shows a promise of docs/guarantees.md: npm test runs it." },
      { name: "quick", description: "Looks at files only, within a second or two: npm test runs it." },
    ],
    setupFiles: ["test/support/after-tests.ts"],
    // Several times what the longest test takes on a quiet machine, since a busy one must not fail it.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // More than processors: tests mostly wait, for leases to run out and for servers to start.
    maxWorkers: availableParallelism() * 2,
    typecheck: { enabled: true, include: ["test/types/*.test-d.ts"], tsconfig: "./tsconfig.json" },
  },
});
