import type { EventEmitter } from "node:events";
import { Socket } from "node:net";
import pg from "pg";
import { TlsError } from "../../errors.ts";
import { type Attempt, endpointName } from "./connect-failure.ts";
import type { ConnectionSettings } from "./connection-settings.ts";
import type { PasswordSource } from "./password.ts";
import { tlsOptions } from "./tls.ts";

type Connected = (error: Error | null, client?: pg.Client) => void;

/** The configuration that the pool gives to every client. */
type Common = pg.ClientConfig;

const bound = "SCRAM-SHA-256-PLUS";

/**
 * A client class whose instances use the attempt that is wanted when they are made. `origins` records that
 * attempt for the client and for the error with which it fails.
 */
export function clientFor(
  settings: ConnectionSettings,
  source: PasswordSource,
  wanted: () => Attempt,
  origins: WeakMap<object, Attempt>,
): new (
  common: Common,
) => pg.Client {
  return class extends pg.Client {
    readonly #attempt: Attempt;
    #isBound = false;

    constructor(common: Common) {
      const attempt = wanted();
      super({ ...common, ...configOf(settings, source, attempt) });
      this.#attempt = attempt;
      origins.set(this, attempt);
      const { connection } = this as unknown as { readonly connection: EventEmitter };
      connection.once("authenticationSASL", ({ mechanisms }: { readonly mechanisms: readonly string[] }) => {
        this.#isBound = mechanisms.includes(bound);
      });
    }

    override connect(): Promise<pg.Client>;
    override connect(connected: Connected): void;
    override connect(connected?: Connected): Promise<pg.Client> | undefined {
      if (connected === undefined) return super.connect() as Promise<pg.Client>;
      super.connect((error: Error | null) => {
        const failure = error ?? this.#unbound();
        if (failure === null) return connected(null, this);
        origins.set(failure, this.#attempt);
        // pg leaves a connection open when the login on it fails.
        void this.end().catch(() => {});
        connected(failure);
      });
      return undefined;
    }

    #unbound(): TlsError | null {
      if (!settings.channelBinding || this.#isBound) return null;
      return new TlsError(
        `${endpointName(this.#attempt.endpoint)} does not bind the password to its certificate.`,
        {
          remedy: "channel_binding=require asks for that; leave it out where a proxy is in between.",
        },
      );
    }
  };
}

function configOf(settings: ConnectionSettings, source: PasswordSource, attempt: Attempt): pg.ClientConfig {
  const { user, database, options, tls, channelBinding } = settings;
  const { host, port, hostaddr } = attempt.endpoint;
  const config = {
    ...{ host, port, user, database },
    password: () => source.ask({ host, port, user, database }),
    ssl: attempt.isEncrypted ? tlsOptions(tls) : false,
    sslnegotiation: attempt.isEncrypted && tls.isDirect ? "direct" : "postgres",
    enableChannelBinding: channelBinding,
    ...(options === null ? {} : { options }),
    ...(hostaddr === null ? {} : { stream: () => new SocketTo(hostaddr) }),
  };
  return config as pg.ClientConfig;
}

/** A socket that connects to a fixed address, whatever the host is called. */
class SocketTo extends Socket {
  readonly #address: string;

  constructor(address: string) {
    super();
    this.#address = address;
  }

  override connect(...[port]: readonly unknown[]): this {
    return super.connect(Number(port), this.#address);
  }
}
