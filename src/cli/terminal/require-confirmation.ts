import { createInterface } from "node:readline/promises";
import { UsageError } from "../../errors.ts";

/**
 * Has the user type the name before something is destroyed. @throws UsageError when they type another one, or
 * when there is neither a terminal nor `--yes`
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
  throw new UsageError("The name does not match. Nothing was done.");
}
