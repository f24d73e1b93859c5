import { randomBytes } from "node:crypto";
import { chown, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TidefillError } from "../errors.ts";
import type { Account } from "./account.ts";
import type { Binaries } from "./binaries.ts";
import { environmentWithout, type Guard } from "./guard.ts";
import { lastLines } from "./last-lines.ts";

/** The files of one cluster. */
export class DataDirectory {
  readonly root: string;
  /** PostgreSQL's own data directory. */
  readonly data: string;
  readonly log: string;

  constructor(root: string) {
    this.root = root;
    this.data = join(root, "data");
    this.log = join(root, "server.log");
  }

  /** The superuser's password; undefined when there are no data yet. */
  async password(): Promise<string | undefined> {
    if ((await this.#major()) === undefined) return undefined;
    return readFile(this.#passwordFile(this.data), "utf8").catch((cause) => this.#foreign(cause));
  }

  /** Creates the data unless they exist. If several processes do it at once, one wins, and all can go on. */
  async initialise(guard: Guard, binaries: Binaries, account: Account | undefined): Promise<string> {
    await this.#checkMajor(binaries.major);
    const existing = await this.password();
    if (existing !== undefined) return existing;
    // Created under another name and then renamed, so that "data" is always whole.
    const draft = `${this.data}.${randomBytes(6).toString("hex")}`;
    const passwordFile = `${draft}.password`;
    for (const path of [draft, passwordFile]) guard.removeAtEnd(path);
    await mkdir(draft, { mode: 0o700 });
    await writeFile(passwordFile, randomBytes(24).toString("hex"), { mode: 0o600 });
    if (account !== undefined) {
      for (const path of [draft, passwordFile]) await chown(path, account.uid, account.gid);
    }
    await this.#initdb(guard, binaries, account, draft);
    await rename(passwordFile, this.#passwordFile(draft));
    await rename(draft, this.data).catch(() => rm(draft, { recursive: true, force: true }));
    const password = await this.password();
    if (password !== undefined) return password;
    throw new TidefillError(
      "embedded-start",
      `${this.data} could not be created: something else is in its place.`,
      {
        remedy: `Remove ${this.data}, or name another directory.`,
      },
    );
  }

  async #initdb(
    guard: Guard,
    binaries: Binaries,
    account: Account | undefined,
    draft: string,
  ): Promise<void> {
    const passwordFile = `${draft}.password`;
    const args = ["-D", draft, "-U", "postgres", "--auth=scram-sha-256", `--pwfile=${passwordFile}`];
    args.push("--no-sync", "--no-instructions", "--encoding=UTF8", "--no-locale");
    // The collation of all our tests and the demo, which no upgrade of a library can change.
    if (binaries.major >= 17) args.push("--locale-provider=builtin", "--builtin-locale=C.UTF-8");
    const { initdb: file } = binaries;
    const environment = serverEnvironment();
    const ended = await guard.run({ file, args, directory: this.root, environment, log: this.log, account });
    if (ended.code === 0) return;
    const why = ended.failure ?? (await lastLines(this.log));
    throw new TidefillError(
      "embedded-start",
      `A PostgreSQL cluster could not be created in ${this.root}:\n${why}`,
    );
  }

  async #checkMajor(major: number): Promise<void> {
    const found = await this.#major();
    if (found === undefined || found === major) return;
    throw new TidefillError(
      "embedded-version",
      `${this.data} belongs to PostgreSQL ${found}, and the programs are those of PostgreSQL ${major}.`,
      { remedy: `Name another directory, or set TIDEFILL_POSTGRES_BINARIES to a PostgreSQL ${found}.` },
    );
  }

  async #major(): Promise<number | undefined> {
    const text = await readFile(join(this.data, "PG_VERSION"), "utf8").catch((error) => {
      return error.code === "ENOENT" ? undefined : this.#foreign(error);
    });
    return text === undefined ? undefined : Number(text);
  }

  #foreign(cause: unknown): never {
    throw new TidefillError(
      "embedded-foreign",
      `${this.data} was not created by tidefill, or was created by another user.`,
      {
        remedy: "Name another directory, or run as the user who created it.",
        cause,
      },
    );
  }

  #passwordFile(data: string): string {
    return join(data, "tidefill-password");
  }
}

/** For initdb and the server: messages in English, since we read some, and none of the caller's `PG*`. */
export function serverEnvironment(): Record<string, string> {
  return { ...environmentWithout(/^(PG|NODE_|LC_|LANG)/), LC_ALL: "C" };
}
