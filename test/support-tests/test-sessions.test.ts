import { expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";

const database = useDatabase();

test("the sessions of a test have different names, so that no run takes them for an application", async () => {
  const names = await Promise.all(
    [1, 2, 3].map(() => database.query("select current_setting('application_name') as name, pg_sleep(0.1)")),
  );
  expect(new Set(names.map(([row]) => row?.name)).size).toBe(3);
});
