import { pathToFileURL } from "node:url";
import type { Jiti } from "jiti";
import { ownModule } from "../../own-package.ts";

/**
 * What loads the files of a user's, seen from one of them: TypeScript as it is, aliases by the nearest tsconfig.json. Loading is
 * felt at start-up, so jiti comes only when there is something to load.
 */
export async function loaderFor(file: string): Promise<Jiti> {
  const { path: ownIndex, isSource } = ownModule("index");
  const { path: ownTesting } = ownModule("testing/index");
  const { createJiti } = await import("jiti");
  // With the alias a job's "tidefill" is this very package, installed beside the job or not.
  return createJiti(file, {
    alias: { "tidefill/testing": ownTesting, tidefill: ownIndex },
    tryNative: false,
    nativeModules: [ownIndex, ownTesting],
    // The paths of a tsconfig.json come before aliases, and may name another copy of it.
    ...(isSource ? {} : { virtualModules: { tidefill: await import(pathToFileURL(ownIndex).href) } }),
    tsconfigPaths: true,
  });
}
