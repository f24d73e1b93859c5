import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { goldenManifests, podOf } from "./manifests.ts";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const text = read("deploy/Dockerfile");

interface Instruction {
  readonly name: string;
  readonly words: string;
}

/** The instructions: comments left out, lines that end with a backslash joined with the next one. */
const instructions: readonly Instruction[] = text
  .replaceAll(/^#.*\n/gm, "")
  .replaceAll(/\\\n\s*/g, "")
  .split("\n")
  .filter((line) => line.trim() !== "")
  .map((line) => ({ name: line.split(" ", 1)[0] ?? "", words: line.slice(line.indexOf(" ") + 1) }));

const last = instructions.slice(instructions.findLastIndex(({ name }) => name === "FROM"));
const of = (name: string, within = instructions) =>
  within.filter((each) => each.name === name).map(({ words }) => words);

test("the image has two stages, and none is of whichever version is the latest", () => {
  const presets = new Map(of("ARG").map((words) => words.split("=") as [string, string]));
  const bases = of("FROM").map((words) =>
    words.replaceAll(/\$\{(\w+)\}/g, (_, name) => presets.get(name) ?? ""),
  );
  expect(bases).toEqual(["node:22-trixie-slim AS packages", "gcr.io/distroless/cc-debian13:nonroot"]);
});

test("the process is what the chart starts, in the form without a shell", () => {
  const [entry = "", command = ""] = [of("ENTRYPOINT", last), of("CMD", last)].map(([words]) => words);
  const started = [...JSON.parse(entry), ...JSON.parse(command)];
  const worker = goldenManifests("smallest").find(({ kind }) => kind === "Deployment")!;
  expect(started).toEqual(podOf(worker)?.spec.containers[0].command);
  expect(started[0]).toBe("node");
});

test("the user is a number, not that of root, and that of the chart", () => {
  const worker = goldenManifests("smallest").find(({ kind }) => kind === "Deployment")!;
  const { runAsUser, runAsGroup } = podOf(worker)!.spec.securityContext;
  expect(of("USER", last)).toEqual([`${runAsUser}:${runAsGroup}`]);
});

test("npm installs in the first stage, and starts nothing", () => {
  expect(of("RUN")).toHaveLength(1);
  expect(of("RUN")[0]).toMatch(/^npm ci --omit=dev --omit=optional /);
  // The last stage has no shell that could run anything.
  expect(of("RUN", last)).toEqual([]);
  expect(instructions.map(({ words }) => words).join("\n")).not.toMatch(/npm (start|run|exec)|npx/);
});

test("the image is for production, and brings no secret, no health check and nothing from elsewhere", () => {
  expect(of("ENV", last)).toEqual(["NODE_ENV=production"]);
  for (const name of ["HEALTHCHECK", "ADD"]) expect(of(name)).toEqual([]);
  expect(instructions.map(({ words }) => words).join("\n")).not.toMatch(/password|secret|token|_URL/i);
});

/** Whether .dockerignore lets a file of the project through: its last line that fits decides. */
function isSent(file: string): boolean {
  const lines = read("deploy/.dockerignore")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  return lines.reduce((isIn, line) => {
    const pattern = line
      .replace(/^!/, "")
      .replaceAll(".", "\\.")
      .replaceAll("**/", "(.*/)?")
      .replaceAll(/(?<![.)])\*/g, "[^/]*");
    return new RegExp(`^${pattern}(/|$)`).test(file) ? line.startsWith("!") : isIn;
  }, true);
}

test("only what the Dockerfile copies is sent to the builder", () => {
  const copied = of("COPY")
    .filter((words) => !words.startsWith("--from"))
    .flatMap((words) => words.split(" ").slice(0, -1))
    .map((source) => source.replaceAll(/\[(.)\]/g, "$1").replace("*", "tidefill-0.1.0"));
  expect(copied.filter((file) => !isSent(file))).toEqual([]);
  expect(isSent("jobs/nightly/essay-word-count.ts")).toBe(true);
  const kept = [
    ".env",
    ".git/config",
    "node_modules/pg/package.json",
    "jobs/essay.test.ts",
    "jobs/a/b.test.ts",
    "backups/1.gz",
  ];
  expect(kept.filter(isSent)).toEqual([]);
});

test("what npm installs has nothing that is compiled for a machine", () => {
  const { packages } = JSON.parse(read("package-lock.json")) as {
    readonly packages: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  };
  const native = Object.entries(packages)
    .filter(([, { dev, devOptional, optional }]) => dev !== true && devOptional !== true && optional !== true)
    .filter(
      ([, { hasInstallScript, os, cpu }]) =>
        hasInstallScript === true || os !== undefined || cpu !== undefined,
    );
  expect(native.map(([path]) => path)).toEqual([]);
});
