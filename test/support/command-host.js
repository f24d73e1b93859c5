// Runs command lines in one process, one after the other, as bin/tidefill.js runs one: most tests ask what a command
// does and says, and a start takes longer than most commands.
import { createRequire } from "node:module";
import { build, isStale } from "../../bin/build.js";

globalThis.navigator ??= { userAgent: "Node.js" };
if (isStale()) build();
const { runCommandLine } = await import("../../dist/cli/main.js");
const { cache } = createRequire(import.meta.url);

process.on("message", async ({ id, parameters, cwd, env }) => {
  process.chdir(cwd);
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  process.exitCode = undefined;
  const stdout = gather(process.stdout);
  const stderr = gather(process.stderr);
  await runCommandLine(parameters);
  forget();
  process.send({ id, code: process.exitCode ?? 0, stdout: stdout(), stderr: stderr() });
});
process.on("disconnect", () => process.exit());
process.send({ id: "ready" });

/** Takes what is written to a stream until the function that comes back is called, which gives it back as text. */
function gather(stream) {
  const chunks = [];
  const { write } = stream;
  stream.write = (chunk, encoding, done) => {
    chunks.push(Buffer.from(chunk));
    (typeof encoding === "function" ? encoding : done)?.();
    return true;
  };
  return () => {
    stream.write = write;
    return Buffer.concat(chunks).toString();
  };
}

/** A process that ends forgets its jobs, which a test may write again, and what it listened for. */
function forget() {
  for (const file of Object.keys(cache)) if (!file.includes("/node_modules/")) delete cache[file];
  for (const stream of [process.stdout, process.stderr]) stream.removeAllListeners("error");
}
