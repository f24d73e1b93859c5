import { chmod, mkdir, readdir } from "node:fs/promises";
import { UsageError } from "../errors.ts";

/**
 * Makes a directory that only its owner may enter, or takes an empty one.
 * @throws UsageError when it is not empty
 */
export async function takeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const [first] = await readdir(directory);
    if (first === undefined) return await chmod(directory, 0o700);
  } catch (cause) {
    throw new UsageError(
      `The directory ${directory} cannot be used: ${cause instanceof Error ? cause.message : String(cause)}.`,
      { cause, remedy: "Name one that you may write to." },
    );
  }
  throw new UsageError(`The directory ${directory} is not empty.`, {
    remedy: "Name a new one: a backup overwrites nothing.",
  });
}
