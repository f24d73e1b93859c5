import { createInterface } from "node:readline/promises";
import { UsageError } from "../../errors.ts";

/**
 * Wants the name typed before something is destroyed. @throws UsageError when another one is typed, or when there is no
 * terminal to type it on and no `--yes`
 */
export async function requireConfirmation(yes: boolean, question: string, name: string): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY) {
    throw new UsageError(`${question} There is no terminal to confirm it on. Nothing was done.`, {
      remedy: "Add --yes when you are sure.",
    });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} Type ${name} to confirm: `);
    if (answer.trim() === name) return;
  } finally {
    terminal.close();
  }
  throw new UsageError("That is not what was asked for. Nothing was done.");
}
