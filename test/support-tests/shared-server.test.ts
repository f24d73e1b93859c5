/** @module-tag quick */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const files = readdirSync("test", { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.endsWith("shared-server.test.ts"))
  .map((file) => `test/${file}`);

/** What limits a look at the sessions of the server to those of one test. */
const isLimited = /datname|usename|\bpid (?:=|<>|in)/;

test("a test looks only at the sessions of its own database, since other tests share the server", () => {
  const found = files.flatMap((file) => {
    const [, ...looks] = readFileSync(file, "utf8").split(/from pg_stat_activity/);
    return looks.filter((text) => !isLimited.test(text.slice(0, 300))).map(() => file);
  });
  expect(found).toEqual([]);
});
