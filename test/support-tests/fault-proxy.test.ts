import Cursor from "pg-cursor";
import { describe, expect, test, vi } from "vitest";
import { MessageReader } from "../support/fault-proxy-messages.ts";
import { message, outcome, ProxyFixture, pidOf, socketOf } from "./fault-proxy-fixture.ts";

const fixture = new ProxyFixture();
const commits = ["commit", { text: "commit", values: [], queryMode: "extended" }] as const;

describe.each(commits)("a commit, %j,", (commit) => {
  async function insertAndCommit(id: number): Promise<{ pid: number; answer: unknown }> {
    const client = await fixture.open();
    const pid = await pidOf(client);
    await client.query("begin");
    await client.query("insert into marks values ($1)", [id]);
    return { pid, answer: await outcome(client.query(commit as string)) };
  }

  test("swallowed: the client sees a reset, the server rolls back", async () => {
    const fault = fixture.proxy.arm({ match: /^commit$/i, action: "swallow" });
    const { pid, answer } = await insertAndCommit(1);
    expect(answer).toBe("ECONNRESET");
    expect(await fixture.marksAfter(pid)).toEqual([]);
    await fault.fired;
    expect(fault.hits).toBe(1);
  });

  test("with its reply swallowed: the client sees a reset, the server has committed", async () => {
    const fault = fixture.proxy.arm({ match: /^commit$/i, action: "swallow-reply" });
    const { answer } = await insertAndCommit(2);
    expect(answer).toBe("ECONNRESET");
    expect(await fixture.marks()).toEqual([2]);
    await fault.fired;
  });

  test("reset before: rolled back", async () => {
    const fault = fixture.proxy.arm({ match: /commit/, action: "reset-before" });
    const { pid, answer } = await insertAndCommit(3);
    expect(answer).toBe("ECONNRESET");
    expect(await fixture.marksAfter(pid)).toEqual([]);
    await fault.fired;
  });

  test("reset after: committed or rolled back, and a reset", async () => {
    const fault = fixture.proxy.arm({ match: /commit/, action: "reset-after" });
    const { pid, answer } = await insertAndCommit(4);
    expect(answer).toBe("ECONNRESET");
    expect([[], [4]]).toContainEqual(await fixture.marksAfter(pid));
    await fault.fired;
  });

  test("held: delayed, then committed", async () => {
    const fault = fixture.proxy.arm({ match: /commit/, action: { hold: 300 } });
    const committing = insertAndCommit(5);
    await fault.fired;
    expect(await fixture.marks()).toEqual([]);
    const { answer } = await committing;
    expect(answer).toBe("done");
    expect(await fixture.marks()).toEqual([5]);
  });
});

describe("faults", () => {
  test("a held commit is delivered after its client has gone", async () => {
    const client = await fixture.open();
    const pid = await pidOf(client);
    await client.query("begin; insert into marks values (1)");
    const fault = fixture.proxy.arm({ match: /commit/, action: { hold: 300 } });
    const committing = outcome(client.query("commit"));
    await fault.fired;
    socketOf(client).resetAndDestroy();
    await committing;
    expect(await fixture.marksAfter(pid)).toEqual([1]);
  });

  test("in a black hole the client hangs until its own timeout, and resetAll ends it", async () => {
    const client = await fixture.open({ query_timeout: 300 });
    const pid = await pidOf(client);
    await client.query("begin; insert into marks values (1)");
    const fault = fixture.proxy.arm({ match: /select 1/, action: "blackhole" });
    let closed = false;
    client.once("end", () => {
      closed = true;
    });
    expect(await outcome(client.query("select 1"))).toBe("Query read timeout");
    await fault.fired;
    expect(await fixture.activity(pid)).toMatchObject({ state: "idle in transaction" });
    await fixture.database.query("select pg_terminate_backend($1)", [pid]);
    await fixture.marksAfter(pid);
    expect(closed).toBe(false);
    expect(fixture.proxy.connections).toBe(1);
    fixture.proxy.resetAll();
    await vi.waitFor(() => expect(closed).toBe(true));
  });

  test("what the server sends unasked is lost in a black hole too", async () => {
    const client = await fixture.open({ query_timeout: 300 });
    await client.query("listen proxy");
    const fault = fixture.proxy.arm({ match: /select 1/, action: "blackhole" });
    let heard = false;
    client.on("notification", () => {
      heard = true;
    });
    const query = outcome(client.query("select 1"));
    await fault.fired;
    await fixture.database.query("notify proxy");
    expect(await query).toBe("Query read timeout");
    expect(heard).toBe(false);
  });

  test("a held commit is lost by resetAll", async () => {
    const client = await fixture.open();
    const pid = await pidOf(client);
    await client.query("begin; insert into marks values (1)");
    const fault = fixture.proxy.arm({ match: /commit/, action: { hold: 60_000 } });
    const committing = outcome(client.query("commit"));
    await fault.fired;
    fixture.proxy.resetAll();
    expect(await committing).toBe("ECONNRESET");
    expect(await fixture.marksAfter(pid)).toEqual([]);
  });

  test("after and times select the strikes; hits counts all matches", async () => {
    const fault = fixture.proxy.arm({ match: /mark me/g, after: 2, times: 2, action: "reset-before" });
    const answers: unknown[] = [];
    for (let i = 0; i < 5; i += 1) {
      const client = await fixture.open();
      answers.push(await outcome(client.query("select $1::int /* mark me */", [i])));
    }
    expect(answers).toEqual(["done", "ECONNRESET", "ECONNRESET", "done", "done"]);
    expect(fault.hits).toBe(5);
  });

  test("a disarmed fault lets everything pass", async () => {
    const fault = fixture.proxy.arm({ match: /select/, action: "swallow" });
    fault.disarm();
    const client = await fixture.open();
    expect(await outcome(client.query("select 1"))).toBe("done");
    expect(fault.hits).toBe(0);
  });

  test("an execute whose reply is swallowed leaves an autocommitted row", async () => {
    fixture.proxy.arm({ match: /insert into marks/, action: "swallow-reply" });
    const client = await fixture.open();
    expect(await outcome(client.query("insert into marks values ($1)", [7]))).toBe("ECONNRESET");
    expect(await fixture.marks()).toEqual([7]);
  });

  test("the reply of a failed statement is swallowed too", async () => {
    const fault = fixture.proxy.arm({ match: /1 \/ 0/, action: "swallow-reply" });
    const client = await fixture.open();
    expect(await outcome(client.query("select 1 / 0"))).toBe("ECONNRESET");
    await fault.fired;
  });

  test("a cursor, which sends Flush and not Sync, is struck at its first read", async () => {
    const fault = fixture.proxy.arm({ match: /generate_series/, action: "swallow-reply" });
    const client = await fixture.open();
    const cursor = client.query(new Cursor("select i from generate_series(1, 1000) i"));
    expect(await outcome(cursor.read(10))).toBe("ECONNRESET");
    await fault.fired;
    expect(fault.hits).toBe(1);
  });

  test("statements pipelined before the struck one are answered, those after it are lost", async () => {
    const client = await fixture.open();
    const pid = await pidOf(client);
    fixture.proxy.arm({ match: /values \(2\)/, action: "swallow-reply" });
    const socket = socketOf(client);
    const answered: string[] = [];
    const reader = new MessageReader("C");
    socket.on("data", (chunk: Buffer) => {
      for (const { type, bytes } of reader.read(chunk))
        if (type === "C") answered.push(bytes.toString("utf8", 5));
    });
    const pipeline = [1, 2, 3].map((id) =>
      message("Q", `insert into marks values (${id}) /* ${"x".repeat(id)} */\0`),
    );
    socket.write(Buffer.concat(pipeline));
    await new Promise((resolve) => socket.once("close", resolve));
    expect(answered).toEqual(["INSERT 0 1\0"]);
    expect(await fixture.marksAfter(pid)).toEqual([1, 2]);
  });
});
