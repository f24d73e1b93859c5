/** Who looks at a page. */
export interface Visitor {
  /** the name that a proxy gives; null where only a token is known */
  readonly name: string | null;
  /** whether buttons may be pressed; PostgreSQL decides once more */
  readonly mayOperate: boolean;
}

/** What of a request says who asks. */
export interface Asking {
  /** the address that the connection comes from */
  readonly peer: string;
  readonly header: (name: string) => string | undefined;
  readonly cookie: string | undefined;
}

/** Decides who may see pages. */
export interface Access {
  /** null where the request does not say who asks. @throws ForbiddenError when it may not ask at all */
  identify(asking: Asking): Visitor | null;
  /** Takes a token for a new session, as the value of a cookie; null for a wrong one. */
  signIn(token: string): string | null;
  /** what a person without a session is told to do */
  readonly howToSignIn: string;
  /** whether a form takes a token */
  readonly hasForm: boolean;
}

/** A request that is refused whatever else it says. */
export class ForbiddenError extends Error {}
