import { formatSeconds } from "../../observe/format.ts";
import { shownSession } from "../../steps/statements/blocking-session.ts";
import type { StepEvent } from "../../steps/step-events.ts";
import { emphasise, say } from "./output.ts";

/** Most steps take an instant; those that do not are worth a word. */
function took(seconds: number): string {
  return seconds < 0.1 ? "" : `; ${formatSeconds(seconds)}`;
}

/** Prints the expand and contract steps: a line for each, and the sessions that a waiting one waits for. */
export class StepLines {
  #blockedBy: string | null = null;

  hear(event: StepEvent): void {
    const { step } = event;
    if (event.type === "step waits") this.#wait(event);
    if (event.type === "step held")
      say(`${emphasise("yellow", "waits")}  ${event.isBack ? "undoing " : ""}${step}: ${event.reason}`);
    if (event.type === "step undone")
      say(
        event.wasThere
          ? `${emphasise("yellow", "left")}  ${step}: it existed before the job`
          : `${emphasise("green", "undone")}  ${step}${took(event.seconds)}`,
      );
    if (event.type !== "step done") return;
    const how = event.wasThere ? ", which existed already" : took(event.seconds);
    say(`${emphasise("green", "done")}  ${step}${how}`);
  }

  // Once for each set of blocking sessions, not once an attempt.
  #wait({ step, forMs, inTheWay }: Extract<StepEvent, { readonly type: "step waits" }>): void {
    const who = inTheWay.map(({ pid }) => pid).join(", ");
    if (who === this.#blockedBy) return;
    this.#blockedBy = who;
    const what = forMs === null ? "it blocks no session, and waits for" : "its lock is held by";
    say(
      `${emphasise("yellow", "waits")}  ${step}: ${what}${inTheWay.length === 0 ? " another session" : ""}`,
    );
    for (const each of inTheWay)
      say(`       ${shownSession(each)}, ${each.state}, ${formatSeconds(each.seconds)}: ${each.statement}`);
  }
}
