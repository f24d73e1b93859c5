import { homedir, userInfo } from "node:os";
import { UsageError } from "../../errors.ts";

/**
 * The name of the operating system's account, as libpq takes it for a role. @throws UsageError where the
 * account has no entry, as in containers that run with a number only
 */
export function osUser(): string {
  try {
    return userInfo().username;
  } catch (cause) {
    throw new UsageError("The address of the database names no user, and this account has no name.", {
      remedy: "Name the role in the address, or set PGUSER.",
      cause,
    });
  }
}

/** The folder of the account; a folder that does not exist where the account has none. */
export function homeFolder(): string {
  try {
    return homedir();
  } catch {
    return "/nonexistent";
  }
}
