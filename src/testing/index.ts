export {
  expectSameAfterKills,
  type JobOrMaker,
  type KillsOptions,
  type KillsReport,
} from "./expect-same-after-kills.ts";
export {
  contractInTest,
  type RunInTestOptions,
  resumeInTest,
  runJobInTest,
  undoInTest,
  verifyInTest,
} from "./run-in-test.ts";
export type { TestDatabase } from "./test-database.ts";
export { type TransformOptions, transformOne } from "./transform-one.ts";
export { type DatabaseOptions, withDatabase } from "./with-database.ts";
export type { InTestOptions } from "./work-options.ts";
