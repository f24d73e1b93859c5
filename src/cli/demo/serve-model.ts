import { UsageError } from "../../errors.ts";
import { formatCount } from "../../observe/format.ts";
import type { CommonSettings } from "../options/settings.ts";
import { emphasise, printJson, say } from "../terminal/output.ts";
import type { makeSchool } from "./make-school.ts";
import { MockModel } from "./mock-model.ts";

const defaultPort = 4_010;

/** Keeps a mock model for the job grade-essays open until a signal; with a school, its database as well. */
export async function serveModel(
  settings: CommonSettings,
  port: string,
  school: typeof makeSchool | null,
): Promise<void> {
  // Before the school, which would be left behind if the port is taken.
  const model = await MockModel.open({ port: portOf(port) });
  const serve = async (made: object): Promise<void> => {
    if (settings.json) printJson({ ...made, model: model.url });
    await untilSignal(model);
  };
  try {
    await (school === null ? serve({}) : school(settings, serve));
  } finally {
    await model.close();
  }
}

function portOf(text: string): number {
  const port = text === "" ? defaultPort : Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new UsageError(`"${text}" is not a port for the mock model.`, {
    remedy: `Leave it out for ${defaultPort}, or write: tidefill demo --model 4020`,
  });
}

async function untilSignal(model: MockModel): Promise<void> {
  const { url, thinkMs, busyEvery } = model;
  say(`A mock model answers at ${url} after ${thinkMs} ms, and every ${busyEvery}th call with 429.`);
  say(`${emphasise("cyan", "→")} In another terminal: tidefill run grade-essays --param model=${url}`);
  say("Ctrl-C ends it.");
  // The handlers stay: npm repeats a signal, and the repetition must not cut the shutdown short.
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => resolve());
  });
  const { calls, toldToWait, repeated } = model;
  say(
    `${formatCount(calls)} calls: ${formatCount(toldToWait)} were told to wait, ${formatCount(repeated)} came again with a key that had its answer.`,
  );
}
