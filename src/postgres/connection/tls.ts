import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ConnectionOptions } from "node:tls";
import { messageOf, UsageError } from "../../errors.ts";
import { homeFolder } from "./os-account.ts";
import type { Settings } from "./parse-address.ts";

const modes = ["prefer", "disable", "allow", "require", "verify-ca", "verify-full", "no-verify"] as const;

type Mode = (typeof modes)[number];

/** How a connection is encrypted, and how much of the server's certificate is verified. */
export interface TlsSettings {
  readonly mode: Mode;
  /** start TLS at once, without first asking the server for it */
  readonly isDirect: boolean;
  /** file names; `root` may be `system` */
  readonly root: string | null;
  readonly certificate: string | null;
  readonly key: string | null;
  readonly revoked: string | null;
  readonly passphrase: string | null;
  readonly oldest: string | null;
  readonly newest: string | null;
}

/** The TLS settings as libpq means them; its default files are used where they exist. @throws UsageError */
export function readTls(settings: Settings): TlsSettings {
  const root = settings.sslrootcert ?? ownFile("root.crt");
  const mode = modeOf(settings.sslmode ?? (root === "system" ? "verify-full" : "prefer"));
  const certificate = settings.sslcert ?? ownFile("postgresql.crt");
  const tls = {
    mode,
    isDirect: settings.sslnegotiation === "direct",
    root,
    certificate,
    key: settings.sslkey ?? (certificate === null ? null : ownFile("postgresql.key")),
    revoked: settings.sslcrl ?? ownFile("root.crl"),
    passphrase: settings.sslpassword ?? null,
    oldest: settings.ssl_min_protocol_version ?? null,
    newest: settings.ssl_max_protocol_version ?? null,
  };
  requireSense(tls);
  return tls;
}

function requireSense({ mode, root, isDirect }: TlsSettings): void {
  if (mode === "verify-ca" && root === null) {
    throw new UsageError("sslmode=verify-ca needs the file of the authority that signed the certificate.", {
      remedy: "Add sslrootcert=<file>, or write sslmode=verify-full to trust the public authorities.",
    });
  }
  if (root === "system" && mode !== "verify-full") {
    throw new UsageError(`sslmode=${mode} is too weak for sslrootcert=system.`, {
      remedy: "Write sslmode=verify-full: anyone can get a certificate from a public authority.",
    });
  }
  if (isDirect && !["require", "verify-ca", "verify-full", "no-verify"].includes(mode)) {
    throw new UsageError(`sslnegotiation=direct cannot be used with sslmode=${mode}.`, {
      remedy: "Add sslmode=require or stronger.",
    });
  }
}

function modeOf(text: string): Mode {
  const mode = modes.find((each) => each === text);
  if (mode !== undefined) return mode;
  throw new UsageError("sslmode has an invalid value.", {
    remedy: "Write one of disable, allow, prefer, require, verify-ca, verify-full, no-verify.",
  });
}

function ownFile(name: string): string | null {
  const file = join(homeFolder(), ".postgresql", name);
  return existsSync(file) ? file : null;
}

/** The ways to try in order: with TLS (true) or without. `isRefused`: the server said that it has none. */
export function tlsWays({ mode }: TlsSettings, host: string, isRefused: boolean): readonly boolean[] {
  if (host.startsWith("/") || mode === "disable") return [false];
  if (mode === "allow") return [false, true];
  if (mode === "prefer") return isRefused ? [false, true] : [true, false];
  return [true];
}

/** The options for Node; the files are read each time, since certificates are renewed. @throws UsageError */
export function tlsOptions(tls: TlsSettings): ConnectionOptions {
  const { mode, root, certificate, key, revoked, passphrase, oldest, newest } = tls;
  // As libpq: a named authority is verified against in any mode.
  const ca =
    root === null || root === "system" || mode === "no-verify" ? undefined : read("sslrootcert", root);
  const verifies = ca !== undefined || mode === "verify-full";
  return {
    rejectUnauthorized: verifies,
    ...(ca === undefined ? {} : { ca }),
    // Only verify-full checks the host's name.
    ...(mode === "verify-full" ? {} : { checkServerIdentity: () => undefined }),
    ...(certificate === null ? {} : { cert: read("sslcert", certificate) }),
    ...(key === null ? {} : { key: read("sslkey", key) }),
    ...(revoked === null ? {} : { crl: read("sslcrl", revoked) }),
    ...(passphrase === null ? {} : { passphrase }),
    ...(oldest === null ? {} : { minVersion: oldest as NonNullable<ConnectionOptions["minVersion"]> }),
    ...(newest === null ? {} : { maxVersion: newest as NonNullable<ConnectionOptions["maxVersion"]> }),
  };
}

function read(setting: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new UsageError(`${setting} names a file that cannot be read: ${messageOf(cause)}.`, {
      remedy: `Check the path of ${setting}.`,
      cause,
    });
  }
}
