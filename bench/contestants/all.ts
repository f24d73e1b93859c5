import { availableParallelism } from "node:os";
import type { Contestant } from "../contestant.ts";
import { CopyByHand, copyInSql, copyThroughDriver } from "./copy-by-hand.ts";
import { Django } from "./django.ts";
import { LoopByHand } from "./loop-by-hand.ts";
import { NaiveLoop } from "./naive-loop.ts";
import { countDifferences, insertSelect, oneUpdate, oneUpdateByRegexp } from "./one-update.ts";
import { Procedure } from "./procedure.ts";
import { Tidefill } from "./tidefill.ts";

/** All contestants, in the order in which they take turns. */
export const contestants: readonly Contestant[] = [
  oneUpdate,
  new LoopByHand(
    "loop-by-hand",
    "a loop by hand: 4 connections of `pg`, ranges of 4,000 rows, one `update` for each range",
    "loop-by-hand.js",
  ),
  new LoopByHand(
    "least-work-row",
    "the least that a tool must do: the same loop with versions, an undo log, checkpoints and a last look",
    "least-work/row.js",
  ),
  new LoopByHand(
    "least-work-sql",
    "the least for an SQL job: a statement for each range, an undo log, checkpoints and a last look",
    "least-work/sql.js",
  ),
  new Tidefill("tidefill-row", "`tidefill run`, the words counted in TypeScript", [
    "run",
    "essay-word-count",
  ]),
  new Tidefill("tidefill-row-without-undo", "the same without an undo log", [
    "run",
    "essay-word-count-without-undo",
  ]),
  new Tidefill("tidefill-sql", "`tidefill run`, the words counted in SQL", ["run", "essay-word-count-sql"]),
  new Tidefill("tidefill-sql-without-undo", "the same without an undo log", [
    "run",
    "essay-word-count-sql-without-undo",
  ]),
  new Procedure(),
  oneUpdateByRegexp,
  new Tidefill(
    "tidefill-row-by-regexp",
    "as tidefill-row, by a regular expression",
    ["run", "essay-word-count-by-regexp"],
    { task: "word count by regexp" },
  ),
  new Tidefill(
    "tidefill-sql-by-regexp",
    "as tidefill-sql, by a regular expression",
    ["run", "essay-word-count-sql-by-regexp"],
    { task: "word count by regexp" },
  ),
  new Tidefill("tidefill-dear", "`tidefill run`, a transform that takes a core for itself", [
    "run",
    "essay-word-count-dear",
  ]),
  new Tidefill("tidefill-dear-processes", "the same in as many processes as there are cores", [
    "run",
    "essay-word-count-dear",
    "--processes",
    String(availableParallelism()),
  ]),
  new Tidefill("tidefill-undo-row", "`tidefill undo` of the run in TypeScript", ["undo", "1", "--yes"], {
    task: "undo",
    before: [["run", "essay-word-count"]],
  }),
  new Tidefill("tidefill-undo-sql", "`tidefill undo` of the run in SQL", ["undo", "1", "--yes"], {
    task: "undo",
    before: [["run", "essay-word-count-sql"]],
  }),
  new Tidefill("tidefill-verify", "`tidefill verify` of the SQL job", ["verify", "essay-word-count-sql"], {
    task: "compare",
    before: [["run", "essay-word-count-sql"]],
  }),
  countDifferences,
  insertSelect,
  new LoopByHand(
    "least-work-copy",
    "the least for a copy whose transform reads the large column, with an undo log, checkpoints and a last look",
    "least-work/copy.js",
    { task: "copy", parameters: ["content"] },
  ),
  new LoopByHand("least-work-copy-small", "the same, reading a small column", "least-work/copy.js", {
    task: "copy",
    parameters: ["title"],
  }),
  new Tidefill("tidefill-copy-row", "`tidefill run`, a copy by a transform", ["run", "copy-essays"], {
    task: "copy",
  }),
  new Tidefill(
    "tidefill-copy-keep",
    "a copy whose transform reads the large column and returns another",
    ["run", "copy-essays-keep"],
    { task: "copy" },
  ),
  new Tidefill(
    "tidefill-copy-keep-small",
    "the same, reading a small column",
    ["run", "copy-essays-keep-small"],
    {
      task: "copy",
    },
  ),
  new Tidefill("tidefill-copy-sql", "`tidefill run`, a copy in SQL", ["run", "copy-essays-sql"], {
    task: "copy",
  }),
  new CopyByHand("copy-by-hand-driver", "a copy by hand with `pg`", 4, 2_000, copyThroughDriver),
  new CopyByHand(
    "copy-by-hand-sql",
    "a copy by hand in SQL, its keys in a second table",
    2,
    20_000,
    copyInSql,
  ),
  new NaiveLoop("naive-loop", false),
  new NaiveLoop("naive-loop-in-transactions", true),
  new Django(),
];
