import { afterAll, afterEach, beforeEach, vi } from "vitest";
import { cleanUpAfterTest } from "./clean-up.ts";
import { expectNoConnections, requireNoLeaks } from "./leaks.ts";

// Vitest runs this file again for each test file, also where these share their modules.
beforeEach(expectNoConnections);
afterEach(requireNoLeaks);
// Hooks run in reverse order, so what a test has left is ended before leaks are looked for.
afterEach(cleanUpAfterTest);
afterAll(() => vi.unstubAllEnvs());
