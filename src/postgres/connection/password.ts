import { exec } from "node:child_process";
import { promisify } from "node:util";
import { messageOf, PasswordError } from "../../errors.ts";
import type { ConnectionSettings } from "./connection-settings.ts";
import { type PasswordFor, passwordInFile } from "./pass-file.ts";

/** Returns a connection's password; called at each connect: it may be a token that lives for minutes. */
export type AskPassword = (connection: PasswordFor) => string | Promise<string>;

/** How long a command may take. */
export const longestCommandMs = 20_000;

/** Where a connection's password comes from. */
export interface PasswordSource {
  /** for messages */
  readonly from: string;
  /** it may take a while to answer */
  readonly isAsked: boolean;
  /** @throws PasswordError */
  ask(connection: PasswordFor): Promise<string>;
}

/** The password source for these settings; `given` is the caller's, `command` comes from the environment. */
export function passwordSource(
  settings: ConnectionSettings,
  given: AskPassword | undefined,
  command: string | undefined,
): PasswordSource {
  const { password, passFile } = settings;
  if (given !== undefined) return asking("the password command or function", given);
  // The address takes precedence over the environment, as for all settings.
  if (password !== null && !(password.from === "PGPASSWORD" && command))
    return { from: password.from, isAsked: false, ask: async () => password.value };
  if (command) return asking("TIDEFILL_PASSWORD_COMMAND", askCommand(command));
  return {
    from: passFile,
    isAsked: false,
    ask: async (connection) => inFile(passFile, connection),
  };
}

function asking(from: string, given: AskPassword): PasswordSource {
  return { from, isAsked: true, ask: (connection) => asked(given, connection) };
}

async function asked(given: AskPassword, connection: PasswordFor): Promise<string> {
  try {
    const password = await given(connection);
    if (typeof password === "string" && password !== "") return password;
  } catch (cause) {
    if (cause instanceof PasswordError) throw cause;
    throw new PasswordError(`The function that returns the password failed: ${messageOf(cause)}`, {
      remedy: "It is called at each connect, also while a run works.",
      cause,
    });
  }
  throw new PasswordError("The function that returns the password returned none.", {
    remedy: "Let it return the password as a text.",
  });
}

/**
 * Runs a shell command; the first line of its output is the password. It gets the connection in PGHOST,
 * PGPORT, PGDATABASE and PGUSER. Its stderr goes to ours, never into a message that is stored.
 */
export function askCommand(command: string): (connection: PasswordFor) => Promise<string> {
  return async ({ host, port, database, user }) => {
    const env = { ...process.env, PGHOST: host, PGPORT: String(port), PGDATABASE: database, PGUSER: user };
    const running = promisify(exec)(command, { env, timeout: longestCommandMs });
    running.child.stderr?.pipe(process.stderr, { end: false });
    const { stdout } = await running.catch(({ code, killed }: { code?: unknown; killed?: boolean }) => {
      // Without the cause, which contains what the command printed.
      const how =
        killed === true ? `took longer than ${longestCommandMs / 1_000} s` : `ended with exit code ${code}`;
      throw new PasswordError(`The password command ${how}.`, {
        remedy: "Type it in a shell: its first line must be the password.",
      });
    });
    const [password = ""] = stdout.split(/\r?\n/, 1);
    if (password !== "") return password;
    throw new PasswordError("The password command printed no password.", {
      remedy: "Type it in a shell: its first line must be the password.",
    });
  };
}

function inFile(file: string, connection: PasswordFor): string {
  const password = passwordInFile(file, connection);
  if (password !== null) return password;
  throw new PasswordError(
    `The server asks for a password for the role ${connection.user}, but none was given.`,
    {
      remedy: `Put it into the address, PGPASSWORD or ${file} (which only you may read), or name a command that prints it: --password-command.`,
    },
  );
}
