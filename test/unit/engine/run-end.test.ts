import { expect, test } from "vitest";
import type { Finishing } from "../../../src/engine/loop/finish-run.ts";
import { RunEnd } from "../../../src/engine/loop/run-end.ts";

/** Looks that end as told, one after the other, and what each was asked. */
function looks(...answers: readonly Finishing["kind"][]) {
  const asked: boolean[] = [];
  let underWay = 0;
  let most = 0;
  const look = async (owesRetry: boolean): Promise<Finishing> => {
    asked.push(owesRetry);
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise(setImmediate);
    underWay -= 1;
    const kind = answers[asked.length - 1] ?? "succeeded";
    return { kind, lookAgainMs: 20, isPlanned: true, sweep: 1 } as unknown as Finishing;
  };
  return { look, asked, mostAtOnce: () => most };
}

test("no look is made while a worker of the process has a range: the run cannot be at its end", async () => {
  const { look, asked } = looks();
  let isAtWork = true;
  const end = new RunEnd(look, false, () => isAtWork);
  expect(await end.look()).toMatchObject({ kind: "waiting" });
  expect(asked).toEqual([]);
  isAtWork = false;
  expect(await end.look()).toMatchObject({ kind: "succeeded" });
});

test("workers that come together look one after the other, and not again once the run has succeeded", async () => {
  const { look, asked, mostAtOnce } = looks("waiting", "succeeded");
  const end = new RunEnd(look, false, () => false);
  const found = await Promise.all([end.look(), end.look(), end.look(), end.look()]);
  expect(found.map(({ kind }) => kind)).toEqual(["waiting", "succeeded", "succeeded", "succeeded"]);
  expect(asked).toHaveLength(2);
  expect(mostAtOnce()).toBe(1);
});

test("all rejects are tried again by the first sweep only", async () => {
  const { look, asked } = looks("waiting", "sweeping", "waiting");
  const end = new RunEnd(look, true, () => false);
  for (let times = 0; times < 3; times += 1) await end.look();
  expect(asked).toEqual([true, true, false]);
});
