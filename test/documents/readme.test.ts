import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createSampleSchool } from "../../src/cli/demo/create-sample-school.ts";
import { useDatabase } from "../support/database.ts";
import { expectOpenConnections } from "../support/leaks.ts";
import { until } from "../support/until.ts";
import { Page, root } from "./markdown.ts";
import { patternOf, shapeOf, shownIn } from "./session.ts";

const database = useDatabase();

const shown = shownIn(new Page("README.md"));

/** A process of the command line, with all that it has printed, data and messages in the order they came. */
class Typed {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<unknown>;
  printed = "";

  constructor(command: string) {
    const [, ...parameters] = command.split(" ");
    this.#child = spawn(process.execPath, [join(root, "bin/tidefill.js"), ...parameters], {
      cwd: root,
      env: { ...process.env, DATABASE_URL: database.url, NO_COLOR: "1" },
    });
    this.#ended = once(this.#child, "close");
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.printed += text;
      });
    }
  }

  /** Waits for its end, and answers what it printed. */
  async end(): Promise<readonly string[]> {
    await this.#ended;
    return this.printed.trimEnd().split("\n");
  }

  /** Kills it as soon as it has printed a line of its progress with a speed; the shell adds a line then. */
  async killAtFirstSpeed(): Promise<readonly string[]> {
    await until(async () => /^.* rows\/s .*\n/m.test(this.printed), {
      describe: "the first line of progress with a speed",
    });
    this.#child.kill("SIGKILL");
    return [...(await this.end()), "Killed"];
  }
}

/** What the README tells between two of its commands. */
async function prepare(command: string): Promise<void> {
  if (!command.startsWith("tidefill undo")) return;
  await database.query("update essay_submission_essay set computed_word_count = 230 where id = 4711");
}

/** The same line of progress where the machine is busy: that the run gave way is not what the README shows. */
function atFullPace(line: string): string {
  return line.replace(/^(\S+ {2})(?:slowed down|held back|held): .* {2}(?=[\d.]+ % {2})/, "$1");
}

/** Makes each row take a millisecond, so that there is time to see a run and to kill it. */
async function slowDown(): Promise<void> {
  await database.query(`
    create function wait() returns trigger language plpgsql as
    $$ begin perform pg_sleep(0.001); return new; end $$`);
  await database.query(`
    create trigger wait before update on essay_submission_essay
    for each row execute function wait()`);
}

test("the README's commands print what it shows", async () => {
  expectOpenConnections();
  await createSampleSchool(database.pool, { essays: 40_000 });
  expect(shown.map(({ command }) => command)).toEqual(
    ["plan", "run", "resume", "status", "verify", "undo"].map(
      (command) => `tidefill ${command} essay-word-count${command === "undo" ? " --yes" : ""}`,
    ),
  );
  // A checkout that was changed builds itself first, and says so.
  await new Typed("tidefill --version").end();
  for (const { command, output } of shown) {
    const isKilled = output.at(-1) === "Killed";
    if (isKilled) await slowDown();
    await prepare(command);
    const typed = new Typed(command);
    const lines = await (isKilled ? typed.killAtFirstSpeed() : typed.end());
    if (isKilled) await database.query("drop trigger wait on essay_submission_essay");
    // Only a run of some seconds has measured its WAL, has a speed, and tells how far it is before it is done.
    const slow = isKilled ? /^WAL|^essay-word-count {2}(?!.* rows\/s )/ : /^(WAL|essay-word-count {2}0 %)/;
    const shapes = lines
      .map(shapeOf)
      .map(atFullPace)
      .filter((line) => !slow.test(line));
    expect(`${shapes.join("\n")}\n`, command).toMatch(patternOf(output));
  }
  expect(
    await database.query(
      "select id, computed_word_count from essay_submission_essay where computed_word_count is not null",
    ),
  ).toEqual([{ id: "4711", computed_word_count: 230 }]);
}, 120_000);
