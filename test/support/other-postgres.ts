// npm run test:postgres 14 [vitest's parameters]: the tests on another version of PostgreSQL.
import { spawnSync } from "node:child_process";
import { postgresBinaries, releases } from "./postgres-binaries.ts";

const [version = "", ...parameters] = process.argv.slice(2);
const known = Object.keys(releases);
if (!known.includes(version)) {
  process.stderr.write(`Name a version: ${known.join(", ")}.\n`);
  process.exit(2);
}

const wanted = Number(version) as keyof typeof releases;
process.stderr.write(`Testing on PostgreSQL ${releases[wanted]}\n`);
const env = { ...process.env, TIDEFILL_POSTGRES_BINARIES: postgresBinaries(wanted) };
const { status } = spawnSync("npx", ["vitest", "run", ...parameters], { stdio: "inherit", env });
process.exit(status ?? 1);
