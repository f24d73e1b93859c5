import { afterAll, afterEach, beforeEach, vi } from "vitest";
import { expectNoConnections, requireNoLeaks } from "./leaks.ts";

// Vitest runs this file again for each test file, also where these share their modules.
beforeEach(expectNoConnections);
afterEach(requireNoLeaks);
afterAll(() => vi.unstubAllEnvs());
