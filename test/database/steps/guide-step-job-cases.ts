import type { Job } from "tidefill";
import addConfidenceScore from "../../../jobs/add-confidence-score.ts";
import createEssayVersions from "../../../jobs/create-essay-versions.ts";
import essayWordCount from "../../../jobs/essay-word-count.ts";
import tokenizeEssays from "../../../jobs/tokenize-essays.ts";

/** A job of the guide that changes the schema, with plain SQL for what it must make of the school. */
export interface GuideStepJob {
  readonly job: Job;
  /** jobs that must run before it */
  readonly before: readonly Job[];
  /** queries, each with the one text that it must return */
  readonly expected: Readonly<Record<string, readonly [query: string, answer: string | null]>>;
  /** statements that must fail, with their SQLSTATE */
  readonly refused: Readonly<Record<string, readonly [statement: string, sqlstate: string]>>;
  /** moments at which to kill: the beginning of a step's statement, or `rows` for the middle of the rows */
  readonly moments: readonly string[];
}

const versions = "essay_submission_essayversion";

export const stepCases: readonly GuideStepJob[] = [
  {
    job: addConfidenceScore,
    before: [],
    expected: {
      "old rows read the default": [
        "select string_agg(distinct confidence_score::text, ',') from essay_feedback",
        "0.8",
      ],
      "a new row reads the default": [
        `with born as (
          insert into essay_feedback (essay_id, feedback_type, comment) values (1, 'grammar', 'new')
          returning confidence_score)
        select confidence_score::text from born`,
        "0.8",
      ],
      "the range includes both ends": [
        `with changed as (
          update essay_feedback set confidence_score = (id = 1)::integer where id in (1, 2)
          returning confidence_score)
        select string_agg(confidence_score::text, ',' order by confidence_score) from changed`,
        "0,1",
      ],
      "the check holds for all rows": [
        "select convalidated::text from pg_constraint where conname = 'confidence_score_range'",
        "true",
      ],
    },
    refused: {
      "a score above one": ["update essay_feedback set confidence_score = 1.5 where id = 1", "23514"],
      "a score below zero": ["update essay_feedback set confidence_score = -0.1 where id = 1", "23514"],
      nothing: ["update essay_feedback set confidence_score = null where id = 1", "23502"],
    },
    moments: ["alter table %add column", "alter table %not valid", "alter table %validate"],
  },
  {
    job: createEssayVersions,
    before: [],
    expected: {
      "each essay is its own first version, and nothing else is": [
        `select count(*)::text from (
          (select id, 1, content, submitted_at from essay_submission_essay
            except all select essay_id, version_number, content, created_at from ${versions})
          union all
          (select essay_id, version_number, content, created_at from ${versions}
            except all select id, 1, content, submitted_at from essay_submission_essay)) as differing`,
        "0",
      ],
      "a version goes with its essay": [
        "select confdeltype::text from pg_constraint where conname = 'essayversion_essay'",
        "c",
      ],
      "the key holds for all rows": [
        "select convalidated::text from pg_constraint where conname = 'essayversion_essay'",
        "true",
      ],
      "an index finds the newest versions": [
        "select indisvalid::text from pg_index where indexrelid = to_regclass('essayversion_newest')",
        "true",
      ],
      "no helper check for not null is left": [
        "select string_agg(conname, ',') from pg_constraint where conname like 'tidefill%'",
        null,
      ],
    },
    refused: {
      "the same version twice": [
        `insert into ${versions} (essay_id, version_number, content) values (1, 1, 'again')`,
        "23505",
      ],
      "a version without an essay": [
        `insert into ${versions} (essay_id, version_number, content) values (-1, 1, 'lost')`,
        "23503",
      ],
      "a version without a time": [
        `insert into ${versions} (essay_id, version_number, content, created_at) values (1, 2, 'x', null)`,
        "23502",
      ],
    },
    moments: [
      "create table essay",
      "alter table %validate",
      "rows",
      "alter table %set not null",
      "create index concurrently",
    ],
  },
  {
    job: tokenizeEssays,
    before: [essayWordCount],
    expected: {
      "each essay has its words": [
        `select count(*)::text from essay_submission_essay
        where processed_content is distinct from
          regexp_split_to_array(lower(btrim(content, e' \\t\\r\\n')), '[^[:alnum:]]+')`,
        "0",
      ],
      "the words are an array of text": [
        `select format_type(atttypid, atttypmod) from pg_attribute
        where attrelid = 'essay_submission_essay'::regclass and attname = 'processed_content'`,
        "text[]",
      ],
      "the index is a valid GIN index": [
        `select concat(am.amname, ' ', i.indisvalid) from pg_index i
        join pg_class c on c.oid = i.indexrelid
        join pg_am am on am.oid = c.relam
        where i.indexrelid = to_regclass('idx_essay_processed_content')`,
        "gin t",
      ],
    },
    refused: {
      "words that are no array": [
        "update essay_submission_essay set processed_content = 'word' where id = 1",
        "22P02",
      ],
    },
    moments: ["alter table %add column", "rows", "create index concurrently"],
  },
];
