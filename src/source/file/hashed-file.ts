import { createHash } from "node:crypto";
import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { resolve } from "node:path";
import { UsageError } from "../../errors.ts";

const chunkBytes = 65_536;

/** A file that is identified by its content's hash, and must not change while it is read. */
export class HashedFile {
  /** as the job names it, for messages */
  readonly path: string;
  readonly bytes: number;
  /** sha256 of the content, in hexadecimal digits */
  readonly hash: string;
  readonly #state: BigIntStats;

  constructor(path: string, state: BigIntStats, hash: string) {
    this.path = path;
    this.#state = state;
    this.bytes = Number(state.size);
    this.hash = hash;
  }

  /** The content from an offset on, in pieces. @throws UsageError if the file changed since it was hashed */
  async *chunks(from: number): AsyncGenerator<Buffer> {
    const handle = await openForReading(this.path);
    try {
      requireSame(this.path, this.#state, await stateOf(this.path, handle));
      yield* read(handle, from);
      requireSame(this.path, this.#state, await stateOf(this.path, handle));
    } finally {
      await handle.close();
    }
  }

  /** @throws UsageError when the file has changed since it was hashed */
  async requireUnchanged(): Promise<void> {
    const handle = await openForReading(this.path);
    try {
      requireSame(this.path, this.#state, await stateOf(this.path, handle));
    } finally {
      await handle.close();
    }
  }
}

/** Reads a file once to compute its hash. @throws UsageError when it cannot be read */
export async function hashFile(path: string): Promise<HashedFile> {
  const handle = await openForReading(path);
  try {
    const before = await stateOf(path, handle);
    const hash = createHash("sha256");
    for await (const chunk of read(handle, 0)) hash.update(chunk);
    requireSame(path, before, await stateOf(path, handle));
    return new HashedFile(path, before, hash.digest("hex"));
  } finally {
    await handle.close();
  }
}

async function openForReading(path: string): Promise<FileHandle> {
  try {
    // Does not wait for the other end of a pipe.
    return await open(resolve(path), constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function* read(handle: FileHandle, from: number): AsyncGenerator<Buffer> {
  for (let at = from; ; ) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function stateOf(path: string, handle: FileHandle): Promise<BigIntStats> {
  const state = await handle.stat({ bigint: true });
  if (state.isFile()) return state;
  throw new UsageError(`${path} is ${state.isDirectory() ? "a folder" : "a pipe or a device"}, not a file.`, {
    remedy: "Name a file: a resumed run has to read it again from the middle.",
  });
}

function requireSame(path: string, before: BigIntStats, now: BigIntStats): void {
  if (now.size === before.size && now.mtimeNs === before.mtimeNs && now.ino === before.ino) return;
  throw new UsageError(`The file ${path} changed while the run was reading it.`, {
    remedy: "Restore the file as it was and resume, or cancel the run and start a new one with the new file.",
  });
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "does not exist",
  ENOTDIR: "does not exist: a part of its path is not a folder",
  EACCES: "may not be read by this user",
  EPERM: "may not be read by this user",
  ELOOP: "is a link that leads in a circle",
};

// Converted to our own error: the engine treats ENOENT as a database socket that is missing for a moment.
function unreadable(path: string, error: unknown): UsageError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
  return new UsageError(`The file ${path} ${reasons[code] ?? `cannot be opened (${code})`}.`, {
    remedy: `The path is ${resolve(path)}; a relative path starts from the folder where the process was started.`,
    cause: error,
  });
}
