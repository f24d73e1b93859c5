import { endpointName } from "./connect-failure.ts";
import { readConnection } from "./connection-settings.ts";
import { uriWithoutPassword } from "./parse-uri.ts";

const origin = "the address of the replica";

/** A server as it may be stored: an address keeps neither the password nor any part that may hold one. */
export function withoutPassword(replica: string): string {
  return isAddress(replica) ? uriWithoutPassword(replica, origin) : replica;
}

/** The standbys that a run watches, each by the full address that this process was given for it, if any. */
export function withPasswords(kept: readonly string[], given: readonly string[]): readonly string[] {
  return kept.map((each) => given.find((whole) => withoutPassword(whole) === each) ?? each);
}

/** Whether a standby is named by its address rather than by its `application_name`. */
export function isAddress(replica: string): boolean {
  return /^postgres(ql)?:\/\//.test(replica);
}

/** Host, port and database of an address, as they are shown. */
export function shownAddress(address: string): string {
  const { endpoints, database } = readConnection(address, {});
  return `${endpoints.map(endpointName).join(",")}/${database}`;
}
