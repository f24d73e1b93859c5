import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { until } from "../support/until.ts";
import { ask, isRoot, nobody, open, own, ownTemporaryDirectory, serverOf, untilGone } from "./clusters.ts";

/** The name for data that are not complete yet. */
const draft = /^data\.[0-9a-f]+$/;

describe("the process that owns a cluster", () => {
  it("leaves no server and no directory behind when it is killed", async () => {
    const owner = own();
    const { directory, url } = await owner.told();
    expect(await ask(String(url), "select 1 as n")).toEqual([{ n: 1 }]);
    owner.kill();
    await untilGone(String(directory));
  });

  it("leaves nothing behind when it is killed while the cluster is being made", async () => {
    const directory = ownTemporaryDirectory();
    const owner = own();
    const isInitialising = async (): Promise<string | undefined> =>
      readdirSync(directory).find((name) =>
        readdirSync(join(directory, name)).some((file) => draft.test(file)),
      );
    const name = await until(isInitialising, { describe: "initdb is at work", everyMs: 2 });
    owner.kill();
    await untilGone(join(directory, name));
  });

  it("still has its server after Ctrl-C, until it ends itself", async () => {
    const owner = own();
    const { directory } = await owner.told();
    owner.interruptGroup();
    expect(await owner.told()).toEqual({ answeredAfterInterrupt: true });
    expect(await owner.ended).toBe(0);
    await untilGone(String(directory));
  });

  it("ends the server itself when the guardian was killed", async () => {
    const cluster = await open();
    const postmaster = readFileSync(join(cluster.directory, "data", "postmaster.pid"), "utf8").split("\n")[0];
    const guardian = execFileSync("ps", ["-o", "ppid=", "-p", String(postmaster)], { encoding: "utf8" });
    process.kill(Number(guardian), "SIGKILL");
    await cluster.stop();
    expect(existsSync(cluster.directory)).toBe(false);
    expect(serverOf(cluster.directory)).toBe(false);
  });

  it("is not kept alive by the cluster", async () => {
    const owner = own({ leave: true });
    const { directory } = await owner.told();
    expect(await owner.ended).toBe(0);
    await untilGone(String(directory));
  });

  it.runIf(isRoot)("may be an ordinary user", async () => {
    const owner = own({ uid: nobody() });
    const { directory, url, uid } = await owner.told();
    expect(uid).toBe(nobody());
    expect(statSync(join(String(directory), "data")).uid).toBe(uid);
    expect(await ask(String(url), "select 1 as n")).toEqual([{ n: 1 }]);
  });
});
