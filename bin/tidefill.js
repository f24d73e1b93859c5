#!/usr/bin/env node
import module from "node:module";
import v8 from "node:v8";
import { build, isStale } from "./build.js";

// Node 22 and later keep compiled code for the next start.
module.enableCompileCache?.();
// Node 20 has no navigator; pg then asks for Response, which loads a whole HTTP client.
globalThis.navigator ??= { userAgent: "Node.js" };

// Rows live for one batch: a small young generation and a heap that at most doubles keep the process below
// 200 MB. Half of either costs row jobs a fifth of their speed; without them a copy of wide rows takes 220
// MB.
v8.setFlagsFromString("--max-semi-space-size=8");
v8.setFlagsFromString("--heap-growing-percent=100");

if (isStale()) {
  process.stderr.write("Building tidefill once …\n");
  build();
}
const { runCommandLine } = await import("../dist/cli/main.js");
await runCommandLine(process.argv.slice(2));
// A transform that ignores its signal may have left something that would keep the process alive.
setTimeout(() => process.exit(), 2_000).unref();
