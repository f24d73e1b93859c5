export type { TestDatabase } from "./database/test-database.ts";
export { type DatabaseOptions, withDatabase } from "./database/with-database.ts";
export type { InTestOptions } from "./in-test/in-test-options.ts";
export {
  contractInTest,
  type RunInTestOptions,
  resumeInTest,
  runJobInTest,
  undoInTest,
  verifyInTest,
} from "./in-test/run-in-test.ts";
export {
  expectSameAfterKills,
  type JobOrMaker,
  type KillsOptions,
  type KillsReport,
} from "./kills/expect-same-after-kills.ts";
export { type TransformOptions, transformOne } from "./transform-one.ts";
