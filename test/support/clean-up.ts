/** What modules that test files share do after each test. */
const cleanUps = new Set<() => Promise<void>>();

/**
 * Runs a clean-up after each test of every file. A hook of a module that several files import would only belong to
 * the first of them, since the files of a worker share their modules.
 */
export function afterEveryTest(cleanUp: () => Promise<void>): void {
  cleanUps.add(cleanUp);
}

export async function cleanUpAfterTest(): Promise<void> {
  for (const cleanUp of cleanUps) await cleanUp();
}
