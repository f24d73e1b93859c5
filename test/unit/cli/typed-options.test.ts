import { afterEach, expect, test } from "vitest";
import { rememberOptions, withTypedOptions } from "../../../src/cli/terminal/typed-options.ts";

const nothing = { embedded: undefined, jobs: "jobs", schema: "tidefill" };
afterEach(() => rememberOptions(nothing));

test.each([
  [
    "tidefill cancel 1 && tidefill undo 1",
    "tidefill cancel 1 --jobs j2 --embedded && tidefill undo 1 --jobs j2 --embedded",
  ],
  [
    "Every statement: tidefill plan fill --sql",
    "Every statement: tidefill plan fill --sql --jobs j2 --embedded",
  ],
  [
    "See why: tidefill rejects 1   go on: tidefill resume double --reject-limit 100",
    "See why: tidefill rejects 1 --jobs j2 --embedded   go on: tidefill resume double --reject-limit 100 --jobs j2 --embedded",
  ],
  [
    "type `tidefill resume`, which tries them again.",
    "type `tidefill resume --jobs j2 --embedded`, which tries them again.",
  ],
  [
    "To undo them: tidefill undo 7. Then look.",
    "To undo them: tidefill undo 7 --jobs j2 --embedded. Then look.",
  ],
  [
    "tidefill new a --table shop.orders\nnext",
    "tidefill new a --table shop.orders --jobs j2 --embedded\nnext",
  ],
  ["npx tidefill up --jobs examples --embedded", "npx tidefill up --jobs examples --embedded"],
  [
    "by tidefill contract: drop column notes.old (done)",
    "by tidefill contract: drop column notes.old (done)",
  ],
  ["of tidefill runs, and tidefill's tables", "of tidefill runs, and tidefill's tables"],
])("%s can be typed with the options of the command that prints it", (text, expected) => {
  rememberOptions({ ...nothing, jobs: "j2", embedded: "" });
  expect(withTypedOptions(text)).toBe(expected);
});

test("a command typed without options is suggested without them, and a folder with a space is quoted", () => {
  expect(withTypedOptions("tidefill status 1")).toBe("tidefill status 1");
  rememberOptions({ ...nothing, jobs: "my jobs" });
  expect(withTypedOptions("tidefill status 1")).toBe("tidefill status 1 --jobs 'my jobs'");
});
