import { readFile } from "node:fs/promises";

/** The end of a server's log, for the message of an error. */
export async function lastLines(log: string, count = 15): Promise<string> {
  const text = await readFile(log, "utf8").catch(() => "");
  return text.trimEnd().split("\n").slice(-count).join("\n") || "(the server's log is empty)";
}
