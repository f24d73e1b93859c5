import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import type { createJiti as CreateJiti, Jiti } from "jiti";
import { ownModule } from "../../own-package.ts";

/**
 * The loader of a user's files, as seen from one of them: TypeScript without a build, aliases by the nearest
 * tsconfig.json. jiti itself is loaded only when needed, since it slows the start.
 */
export async function loaderFor(file: string): Promise<Jiti> {
  const { path: ownIndex, isSource } = ownModule("index");
  const { path: ownTesting } = ownModule("testing/index");
  // By `import`, Node would first search jiti's 190 kB for its exports, and only then compile it.
  const { createJiti } = createRequire(import.meta.url)("jiti") as { createJiti: typeof CreateJiti };
  // The alias makes a job's "tidefill" this very package, whether or not it is installed beside the job.
  return createJiti(file, {
    alias: { "tidefill/testing": ownTesting, tidefill: ownIndex },
    tryNative: false,
    nativeModules: [ownIndex, ownTesting],
    // Paths of a tsconfig.json take precedence over aliases, and may name another copy of tidefill.
    ...(isSource ? {} : { virtualModules: { tidefill: await import(pathToFileURL(ownIndex).href) } }),
    tsconfigPaths: true,
  });
}
