#!/usr/bin/env node
import v8 from "node:v8";
import { build, isStale } from "./build.js";

// Rows live for one batch: a small nursery and a heap that grows slowly keep the process small, and cost no speed that could
// be measured.
v8.setFlagsFromString("--max-semi-space-size=4");
v8.setFlagsFromString("--heap-growing-percent=20");

if (isStale()) {
  process.stderr.write("Building tidefill once …\n");
  build();
}
const { runCommandLine } = await import("../dist/cli/main.js");
await runCommandLine(process.argv.slice(2));
// A transform that heeds no signal may have left something behind that would keep the process.
setTimeout(() => process.exit(), 2_000).unref();
