import type { Rule } from "../syntax/rule.ts";

/**
 * PostgreSQL keeps the first 63 bytes of a name and sends only a notice. Two long names may become one, and a
 * search of the catalogue for the whole name finds nothing.
 *
 * ```sql
 * create index concurrently essay_submission_essay_computed_word_count_of_the_last_version_idx
 *   on app.essays (computed_word_count);
 * ```
 *
 * Instead:
 *
 * ```sql
 * create index concurrently essays_word_count_idx on app.essays (computed_word_count);
 * ```
 */
export const identifierTooLong: Rule = {
  code: "identifier-too-long",
  reason:
    "PostgreSQL keeps the first 63 bytes: two names may become one, and no search finds the whole name.",
  safeForm: "Write a name of at most 63 bytes.",
  sparesNoTable: true,
  find: (_, { longNames }) => longNames.map((part) => ({ table: null, part })),
};
