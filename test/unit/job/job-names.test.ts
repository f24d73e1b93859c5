import { expect, test } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import { requireTellingName, suggestJobName } from "../../../src/job/definition/job-name.ts";

test.each([
  ["AddConfidence Score", "add-confidence-score"],
  ["0003_add_feedback_confidence_score", "0003-add-feedback-confidence-score"],
  ["2024-01-15 refactor analytics", "20240115-refactor-analytics"],
  ["fillWordCount.ts", "fill-word-count"],
  ["HTMLToText", "html-to-text"],
  ["Noten für Schüler", "noten-fur-schuler"],
  ["--", null],
  ["a ".repeat(60), "a-".repeat(32).slice(0, 63)],
])("from %j a name is suggested", (typed, name) => {
  expect(suggestJobName(typed)).toBe(name);
});

function remedyFor(name: string): string | undefined {
  try {
    requireTellingName(name, "fill-word-count");
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as UsageError).remedy;
  }
}

test.each([
  "add-feedback-confidence-score",
  "20240115-refactor-analytics",
  "20240229-tokenize",
  "essay-word-count",
])("%s is accepted as a name", (name) => {
  expect(remedyFor(name)).toBeUndefined();
});

test.each([
  "migration",
  "fix",
  "update",
  "test1",
  "new-table",
  "20240115",
  "20240115-fix-data",
  "fill",
  "tables",
  "v2",
])("%s says nothing, and the remedy suggests a name that does", (name) => {
  expect(remedyFor(name)).toContain('"fill-word-count"');
});

test.each([
  ["0003-add-score", "add-score"],
  ["20241315-add-score", "add-score"],
  ["20230229-add-score", "add-score"],
  ["Add Score", "add-score"],
  ["-", "fill-word-count"],
])("%s is not a name, and the remedy suggests one", (name, better) => {
  expect(remedyFor(name)).toContain(`"${better}"`);
});
