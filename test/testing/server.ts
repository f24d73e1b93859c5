import { afterAll, beforeAll, inject, vi } from "vitest";

/** Makes the kit use the tests' own server, so that not every file starts another. */
export function useTestServer(): void {
  beforeAll(() => {
    vi.stubEnv("TIDEFILL_TEST_DATABASE_URL", inject("adminUrl"));
  });
  afterAll(() => {
    vi.unstubAllEnvs();
  });
}
