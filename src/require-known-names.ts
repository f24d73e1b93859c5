import { didYouMean } from "./did-you-mean.ts";
import { UsageError } from "./errors.ts";

/**
 * Refuses a mistyped name in a definition, which would be ignored where no compiler looks: a `where` or a
 * `personalData` that is not there does harm. `what` is the definition in words. @throws UsageError
 */
export function requireKnownNames(what: string, given: object, names: readonly string[]): void {
  const [stranger] =
    Object.entries(given).find(([name, value]) => value !== undefined && !names.includes(name)) ?? [];
  if (stranger === undefined) return;
  throw new UsageError(`${what} has "${stranger}", which tidefill does not know.`, {
    remedy: `${didYouMean(stranger, names)}It may have: ${names.join(", ")}.`,
  });
}
