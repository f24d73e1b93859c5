import type { Job } from "tidefill";
import anonymiseInactiveStudents from "../../../jobs/anonymise-inactive-students.ts";
import eraseClosedAccounts from "../../../jobs/erase-closed-accounts.ts";
import essayWordCount from "../../../jobs/essay-word-count.ts";
import essayWordCountSql from "../../../jobs/essay-word-count-sql.ts";
import migrateOldAnalytics from "../../../jobs/migrate-old-analytics.ts";
import restoreAnalytics from "../../../jobs/restore-analytics-from-backup.ts";
import seedFeedbackTypes from "../../../jobs/seed-feedback-types.ts";

/** A job of the guide, with plain SQL for what it must make of the school. */
export interface GuideJob {
  readonly job: Job;
  readonly parameters?: Readonly<Record<string, string>>;
  /** the one table that changes */
  readonly table: string;
  /** its columns, without an id that PostgreSQL assigns */
  readonly columns: string;
  /** the rows that it must hold afterwards; the previous rows are in the schema `before` */
  readonly expected: string;
  /** the row counts that a second run reports */
  readonly again: object;
  /** how long a write of a row takes in the run that is killed, and how many batches that run commits */
  readonly slow: { readonly seconds: number; readonly batches: number };
}

const essays = {
  table: "essay_submission_essay",
  columns: "id, student_id, title, content, submitted_at, computed_word_count",
  expected: `
    select id, student_id, title, content, submitted_at,
      cardinality(array_remove(string_to_array(translate(content, e'\\t\\r\\n', '   '), ' '), ''))
    from before.essay_submission_essay`,
  again: { read: 0, written: 0 },
  slow: { seconds: 0.002, batches: 2 },
} as const;

const analytics = {
  table: "analytics_analytics",
  columns: "user_id, metric_type, value, created_at, metadata",
  slow: { seconds: 0.004, batches: 1 },
} as const;

export const cases: readonly GuideJob[] = [
  { job: essayWordCount, ...essays },
  { job: essayWordCountSql, ...essays },
  {
    job: migrateOldAnalytics,
    ...analytics,
    expected: `
      select ${analytics.columns} from before.analytics_analytics
      union all
      select user_id, 'essay_submission', submission_count, created_at,
        jsonb_build_object('old_id', id::text, 'migration_source', 'old_analytics')
      from before.analytics_old
      where submission_count is not null`,
    again: { read: 400, written: 0, skipped: 27, conflicted: 373 },
  },
  {
    job: seedFeedbackTypes,
    table: "core_feedback_type",
    columns: "name, description, weight, is_active",
    expected: `
      values ('grammar', 'Grammar and syntax corrections', 0.25, true),
        ('structure', 'Essay structure and organization', 0.30, true),
        ('content', 'Content quality and relevance', 0.35, true),
        ('style', 'Writing style and clarity', 0.10, true)`,
    again: { read: 4, written: 0, unchanged: 4 },
    slow: { seconds: 0.1, batches: 0 },
  },
  {
    job: restoreAnalytics,
    ...analytics,
    expected: `
      select ${analytics.columns} from before.analytics_analytics
      union all
      select user_id, metric_type, value, original_created_at, null
      from before.analytics_backup
      where id % 5 <> 0 and id % 3 <> 0`,
    again: { read: 160, written: 0, conflicted: 160 },
  },
  {
    job: anonymiseInactiveStudents,
    parameters: { inactiveSince: "2024-07-01" },
    table: "core_student",
    columns: "id, email, full_name, last_seen_at, is_active",
    expected: `
      select id, concat('student-', id, '@anonymised.invalid'), concat('Student ', id), last_seen_at, is_active
      from before.core_student
      where last_seen_at < '2024-07-01'
      union all
      select * from before.core_student where (last_seen_at < '2024-07-01') is not true`,
    again: { read: 0, written: 0 },
    slow: { seconds: 0.006, batches: 1 },
  },
  {
    job: eraseClosedAccounts,
    parameters: { closedBefore: "2025-06-01" },
    table: "core_account",
    columns: "student_id, password_hash, created_at, closed_at",
    expected: "select * from before.core_account where (closed_at < '2025-06-01') is not true",
    again: { read: 0, written: 0 },
    slow: { seconds: 0.03, batches: 1 },
  },
];
