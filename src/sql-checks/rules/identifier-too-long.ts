import type { Rule } from "../syntax/rule.ts";

/**
 * PostgreSQL keeps the first 63 bytes of a name, with a notice that nobody reads: two long names may become one, and what
 * looks for the whole name in the catalogue finds none.
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
    "PostgreSQL keeps the first 63 bytes of a name and says nothing: two long names may become one, and who looks for the whole one finds none.",
  safeForm: "Write a name of at most 63 bytes.",
  sparesNoTable: true,
  find: (_, { longNames }) => longNames.map((part) => ({ table: null, part })),
};
