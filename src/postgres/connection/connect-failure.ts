import { NoServerError, TlsError } from "../../errors.ts";
import { isConnectionLoss, sqlstateOf } from "../failure/failure.ts";
import type { ConnectionSettings, Endpoint } from "./connection-settings.ts";
import type { SessionAttributes } from "./session-attributes.ts";

/** A server, and a way to connect to it. */
export interface Attempt {
  readonly endpoint: Endpoint;
  readonly isEncrypted: boolean;
  /** what this round through the servers looks for */
  readonly wanted: SessionAttributes;
}

export interface FailedAttempt {
  readonly attempt: Attempt;
  readonly error: unknown;
}

/** How a failed connection was tried. */
export interface TriedConnection {
  readonly endpoint: Endpoint;
  readonly settings: ConnectionSettings;
  readonly passwordFrom: string;
}

const tried = new WeakMap<object, TriedConnection>();

/** Records how the connection was tried that failed with this error. */
export function noteTried(error: unknown, connection: TriedConnection): unknown {
  if (typeof error === "object" && error !== null) tried.set(error, connection);
  return error;
}

/** How the connection was tried that failed with this error; undefined for later errors. */
export function triedConnection(error: unknown): TriedConnection | undefined {
  return typeof error === "object" && error !== null ? tried.get(error) : undefined;
}

/** A server answers, but is not of the kind that is looked for. */
export class OtherServerError extends Error {}

/** The attempt after a failed one: the same server the other way, or the next server; null if none helps. */
export function attemptAfter(
  attempts: readonly Attempt[],
  { attempt, error }: FailedAttempt,
): Attempt | null {
  const later = attempts.slice(attempts.indexOf(attempt) + 1);
  const [next] = later;
  if (next?.endpoint === attempt.endpoint && next.wanted === attempt.wanted && isAboutTls(attempt, error))
    return next;
  // As libpq: a server that answers and refuses is the right one, so its refusal is final.
  if (!isAboutServer(error) && !isSecondGuess(attempt, error)) return null;
  return (
    later.find(({ endpoint, wanted }) => endpoint !== attempt.endpoint || wanted !== attempt.wanted) ?? null
  );
}

function isAboutServer(error: unknown): boolean {
  return error instanceof OtherServerError || isConnectionLoss(error) || sqlstateOf(error) === "57P03";
}

// The default socket, when no host was given, is passed over where it admits only the account's own role.
function isSecondGuess({ endpoint }: Attempt, error: unknown): boolean {
  return endpoint.host.startsWith("/") && sqlstateOf(error) === "28000";
}

const wantsTls =
  /no pg_hba\.conf entry .*no encryption|(?:SSL|TLS) required|connection is insecure|pg_hba\.conf rejects/i;

function isAboutTls({ isEncrypted }: Attempt, error: unknown): boolean {
  if (isEncrypted) return tlsFailureOf(error) !== null || sqlstateOf(error) === "28000";
  return error instanceof Error && wantsTls.test(error.message);
}

const noTls = "The server does not support SSL connections";

/** Whether the server answered that it has no TLS. */
export function hasNoTls(error: unknown): boolean {
  return error instanceof Error && error.message === noTls;
}

/** What is wrong with a certificate or a handshake; null for any other failure. */
function tlsFailureOf(error: unknown): string | null {
  if (!(error instanceof Error) || sqlstateOf(error) !== null) return null;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const isTls =
    /^(DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|CERT_|CRL_|HOSTNAME_|ERR_TLS|ERR_SSL|ERR_OSSL|EPROTO)/.test(code);
  return isTls || hasNoTls(error) || /establishing an SSL connection/.test(error.message) ? code : null;
}

/** What to throw when no attempt is left. */
export function failureOf(failures: readonly FailedAttempt[]): unknown {
  const told = failures.filter(({ error }, index) => index === failures.length - 1 || !hasNoTls(error));
  const endpoints = new Set(told.map(({ attempt }) => attempt.endpoint));
  if (endpoints.size > 1) return noServer(told);
  const failed = told[0];
  const code = tlsFailureOf(failed?.error);
  return failed === undefined || code === null ? failed?.error : tlsError(failed, code);
}

function noServer(failures: readonly FailedAttempt[]): NoServerError {
  const reasons = failures.map(
    ({ attempt, error }) => `${endpointName(attempt.endpoint)} ${reasonOf(error)}`,
  );
  return new NoServerError(`None of the servers can be used: ${[...new Set(reasons)].join("; ")}.`, {
    remedy:
      "Check the servers, and target_session_attrs in the address: it says which kind of server to look for.",
    cause: failures.at(-1)?.error,
  });
}

function reasonOf(error: unknown): string {
  if (error instanceof OtherServerError) return error.message;
  return `(${error instanceof AggregateError ? error.errors.map(String).join(", ") : error instanceof Error ? error.message : error})`;
}

function tlsError({ attempt, error }: FailedAttempt, code: string): TlsError {
  const server = endpointName(attempt.endpoint);
  // Newer versions of Node append their own advice after a semicolon.
  const [message] = (error as Error).message.split(";");
  if (hasNoTls(error)) {
    return new TlsError(`${server} offers no TLS, but sslmode asks for it.`, {
      remedy: "Write sslmode=prefer if TLS is optional, or turn ssl on in the server.",
      cause: error,
    });
  }
  if (/ALTNAME|HOSTNAME/.test(code)) {
    return new TlsError(`The certificate of ${server} is for another name.`, {
      remedy:
        "Connect by a name that the certificate has, or write sslmode=verify-ca&sslrootcert=<file>, which ignores the name.",
      cause: error,
    });
  }
  if (/SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY)/.test(code)) {
    return new TlsError(
      `The certificate of ${server} is not signed by an authority that tidefill knows: ${message}.`,
      {
        remedy:
          "Name the file of the authority, which managed servers offer for download: sslmode=verify-full&sslrootcert=<file>. sslmode=require encrypts without verifying the certificate.",
        cause: error,
      },
    );
  }
  return new TlsError(`TLS with ${server} failed: ${message}.`, {
    remedy: "Check the certificates of the server, and sslrootcert=, sslcert= and sslkey= of the address.",
    cause: error,
  });
}

/** A server as messages show it. */
export function endpointName({ host, port }: Pick<Endpoint, "host" | "port">): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
