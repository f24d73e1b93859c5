import type pg from "pg";
import { expect, test } from "vitest";
import { begin } from "../../../src/postgres/transaction/commit.ts";

const beginning = { limits: {}, searchPath: null, session: {} };
const pid = 4711;
const answer = { pid, search_path: "public,pg_temp", transaction_timeout: "60000", connection_check: null };

/** A connection that answers each message by a function, and what it was sent. */
function connection(answerTo: (text: string) => unknown): { client: pg.PoolClient; sent: string[] } {
  const sent: string[] = [];
  const query = async (text: string): Promise<unknown> => {
    sent.push(text);
    return answerTo(text);
  };
  return { client: { query, processID: pid } as unknown as pg.PoolClient, sent };
}

test("a session's first transaction asks for its search path and settings, and later ones only set them", async () => {
  const { client, sent } = connection(() => [{ rows: [] }, { rows: [answer] }]);
  await begin(client, beginning);
  await begin(client, { ...beginning, limits: { lockMs: 125 }, session: { "app.user": "o'hara" } });
  expect(sent[0]).toContain("current_setting('search_path')");
  expect(sent[1]).not.toContain("current_setting");
  expect(sent[1]).toContain("set local row_security = 'off'; ");
  expect(sent[1]).toContain("set_config('lock_timeout', '125', true)");
  expect(sent[1]).toContain("set_config('transaction_timeout', '60000', true)");
  expect(sent[1]).not.toContain("client_connection_check_interval");
  expect(sent[1]).toContain("set_config('search_path', 'public,pg_temp', true)");
  expect(sent[1]).toContain("set_config('app.user', 'o''hara', true)");
});

test("behind a pooler each transaction asks, since it may be on another session", async () => {
  const { client, sent } = connection(() => [{ rows: [] }, { rows: [{ ...answer, pid: 4712 }] }]);
  await begin(client, beginning);
  await begin(client, beginning);
  expect(sent[1]).toBe(sent[0]);
});

test("a begin that fails is rolled back and thrown", async () => {
  const { client, sent } = connection((text) => {
    if (sent.length === 2) throw Object.assign(new Error("too many clients"), { code: "53300" });
    return text === "rollback" ? { rows: [] } : [{ rows: [] }, { rows: [answer] }];
  });
  await begin(client, beginning);
  await expect(begin(client, beginning)).rejects.toThrow("too many clients");
  expect(sent[2]).toBe("rollback");
});
