import { table } from "tidefill";

// The tables of `tidefill demo`'s sample school that the jobs beside this file use.
export const essays = table("essay_submission_essay", {
  key: "id",
  columns: { id: "bigint", content: "text", feedback: "text?", computed_word_count: "integer?" },
});

/** The same table once `tokenize-essays` has added its column. */
export const processedEssays = table("essay_submission_essay", {
  key: "id",
  columns: { id: "bigint", content: "text", processed_content: "text[]?" },
});

export const essayVersions = table("essay_submission_essayversion", {
  key: "id",
  columns: {
    id: "bigint",
    essay_id: "bigint",
    version_number: "integer",
    content: "text",
    created_at: "timestamptz?",
  },
});

export const students = table("core_student", {
  key: "id",
  columns: { id: "bigint", email: "text", full_name: "text", last_seen_at: "timestamptz?" },
  personalData: ["email", "full_name"],
});

/** What a student signs in with; no other table references it. */
export const accounts = table("core_account", {
  key: "student_id",
  columns: { student_id: "bigint", password_hash: "text", closed_at: "timestamptz?" },
  personalData: ["password_hash"],
});

export const feedbackTypes = table("core_feedback_type", {
  key: "id",
  columns: { id: "bigint", name: "text", description: "text", weight: "numeric", is_active: "boolean" },
});

export const oldAnalytics = table("analytics_old", {
  key: "id",
  columns: { id: "bigint", user_id: "bigint", submission_count: "integer?", created_at: "timestamptz" },
});

/** A record is identified by its user, what it measures and when; PostgreSQL always assigns its id. */
export const analytics = table("analytics_analytics", {
  key: "id",
  columns: {
    id: "bigint",
    user_id: "bigint",
    metric_type: "text",
    value: "integer",
    created_at: "timestamptz",
    metadata: "jsonb?",
  },
});

/** The records as they were before a clean-up; the flag marks those that should not have been deleted. */
export const analyticsBackup = table("analytics_backup", {
  key: "id",
  columns: {
    id: "bigint",
    user_id: "bigint",
    metric_type: "text",
    value: "integer",
    original_created_at: "timestamptz",
    restore_flag: "boolean",
  },
});
