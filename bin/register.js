// `node --import tidefill/register --test jobs/*.test.ts`: tests in TypeScript, also where Node cannot take the types out itself.
if (!process.features.typescript) await import("jiti/register");
