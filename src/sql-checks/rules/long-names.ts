import type { Rule } from "../syntax/rule.ts";

export const identifierTooLong: Rule = {
  code: "identifier-too-long",
  reason:
    "PostgreSQL keeps the first 63 bytes of a name and says nothing: two long names may become one, and who looks for the whole one finds none.",
  safeForm: "Write a name of at most 63 bytes.",
  sparesNoTable: true,
  find: (_, { longNames }) => longNames.map((part) => ({ table: null, part })),
};
