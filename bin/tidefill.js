#!/usr/bin/env node
import { build, isStale } from "./build.js";

if (isStale()) {
  process.stderr.write("Building tidefill once …\n");
  build();
}
const { runCommandLine } = await import("../dist/cli/main.js");
await runCommandLine(process.argv.slice(2));
// A transform that heeds no signal may have left something behind that would keep the process.
setTimeout(() => process.exit(), 2_000).unref();
