import pg from "pg";
import { expect, test } from "vitest";
import { begin } from "../../../src/postgres/transaction/commit.ts";

const beginning = { limits: {}, searchPath: null, session: {} };
const answer = { search_path: "public,pg_temp", transaction_timeout: "60000", connection_check: null };

/** A connection that answers each message by a function, and what it was sent. */
function connection(answerTo: (text: string) => unknown): { client: pg.PoolClient; sent: string[] } {
  const sent: string[] = [];
  const query = async (text: string): Promise<unknown> => {
    sent.push(text);
    return answerTo(text);
  };
  return { client: { query } as unknown as pg.PoolClient, sent };
}

test("a session's first transaction asks for its search path and settings, and later ones only set them", async () => {
  const { client, sent } = connection(() => [{ rows: [] }, { rows: [answer] }]);
  await begin(client, beginning);
  await begin(client, { ...beginning, limits: { lockMs: 125 }, session: { "app.user": "o'hara" } });
  expect(sent[0]).toContain("current_setting('search_path')");
  expect(sent[1]).not.toContain("current_setting");
  expect(sent[1]).toContain("set local lock_timeout = '125'; ");
  expect(sent[1]).toContain("set local transaction_timeout = '60000'; ");
  expect(sent[1]).not.toContain("client_connection_check_interval");
  expect(sent[1]).toContain("set_config('search_path', 'public,pg_temp', true)");
  expect(sent[1]).toContain("set_config('app.user', 'o''hara', true)");
});

test("where a pooler leads to a server without a setting, the transaction begins as the first one did", async () => {
  let isOther = false;
  const { client, sent } = connection((text) => {
    if (isOther && /set local transaction_timeout/.test(text))
      throw Object.assign(new pg.DatabaseError("unrecognized configuration parameter", 1, "error"), {
        code: "42704",
      });
    return [{ rows: [] }, { rows: [isOther ? { ...answer, transaction_timeout: null } : answer] }];
  });
  await begin(client, beginning);
  isOther = true;
  await begin(client, beginning);
  await begin(client, beginning);
  expect(sent.map((text) => text.slice(0, 8))).toEqual([
    "begin is",
    "begin is",
    "rollback",
    "begin is",
    "begin is",
  ]);
  expect(sent[4]).not.toContain("transaction_timeout");
});

test("a begin that fails is rolled back and thrown, and the next one asks again", async () => {
  const { client, sent } = connection((text) => {
    if (sent.length === 2) throw Object.assign(new Error("too many clients"), { code: "53300" });
    return text === "rollback" ? { rows: [] } : [{ rows: [] }, { rows: [answer] }];
  });
  await begin(client, beginning);
  await expect(begin(client, beginning)).rejects.toThrow("too many clients");
  await begin(client, beginning);
  expect(sent[2]).toBe("rollback");
  expect(sent[3]).toContain("current_setting('search_path')");
});
