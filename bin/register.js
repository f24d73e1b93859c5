// `node --import tidefill/register --test jobs/*.test.ts` runs tests in TypeScript, even where Node itself
// cannot strip types.
if (!process.features.typescript) await import("jiti/register");
