import pg from "pg";
import { describe, expect, test } from "vitest";
import {
  classifyFailure,
  describeFailure,
  describeWithoutValues,
  isConnectionLoss,
} from "../../../src/postgres/failure/failure.ts";

function failure(code: string | undefined, fields: Partial<pg.DatabaseError> = {}): pg.DatabaseError {
  const error = new pg.DatabaseError("Key (email)=(secret@school.example) already exists", 0, "error");
  return Object.assign(error, { code, ...fields });
}

/** Every class of SQLSTATE that PostgreSQL documents, and the codes that differ from their class. */
const expected: Readonly<Record<"retry" | "shrink" | "reject" | "stop", readonly string[]>> = {
  retry: [
    "28000", // during a password rotation: the login will be accepted again
    "28P01",
    "08000",
    "08001",
    "08003",
    "08004",
    "08006",
    "08007",
    "08P01",
    "40000",
    "40001",
    "40003",
    "25006",
    "53000",
    "53100",
    "53300",
    "53400",
    "57P01",
    "57P02",
    "57P03",
    "57P05",
  ],
  shrink: ["40P01", "55P03", "57014", "25P03", "25P04", "53200"],
  reject: [
    "APP01", // raised by a user's trigger
    "ZZZZZ",
    "21000",
    "22000",
    "22001",
    "22003",
    "22007",
    "22012",
    "22021",
    "22P02",
    "22P05",
    "23000",
    "23502",
    "23503",
    "23505",
    "23514",
    "23P01",
    "2F000",
    "38000",
    "39000",
    "44000",
    "54000",
    "54001",
    "P0001",
    "P0004",
  ],
  stop: [
    "01000",
    "02000",
    "03000",
    "09000",
    "0A000",
    "0B000",
    "0F000",
    "0L000",
    "0P000",
    "0Z000",
    "24000",
    "25000",
    "25001",
    "25P01",
    "25P02",
    "26000",
    "27000",
    "2B000",
    "2D000",
    "34000",
    "3B000",
    "3D000",
    "3F000",
    "42000",
    "42501",
    "42601",
    "42703",
    "42804",
    "42P01",
    "42P10",
    "54011",
    "54023",
    "55000",
    "55006",
    "55P02",
    "55P04",
    "57000",
    "57P04",
    "58000",
    "58030",
    "58P01",
    "F0000",
    "HV000",
    "XX000",
    "XX001",
    "XX002",
    "00000",
    "P0000",
  ],
}; // the codes of a class are listed together

describe("a failure of PostgreSQL", () => {
  test.each(
    Object.entries(expected).flatMap(([action, codes]) => codes.map((code) => [code, action] as const)),
  )("with SQLSTATE %s means %s", (code, action) => {
    expect(classifyFailure(failure(code))).toMatchObject({ action, sqlstate: code });
  });

  test.each(["P0002", "P0003", "20000"])(
    "with SQLSTATE %s, which a trigger raises over one row, means reject",
    (code) => {
      expect(classifyFailure(failure(code)).action).toBe("reject");
    },
  );

  test("with SQLSTATE 72000 means retry", () => {
    expect(classifyFailure(failure("72000")).action).toBe("retry");
  });

  test("without a SQLSTATE means stop", () => {
    expect(classifyFailure(failure(undefined))).toEqual({ action: "stop", reason: "other", sqlstate: null });
  });

  test("is described by its code and names, never by its message or its detail", () => {
    const error = failure("23505", {
      constraint: "users_email",
      table: "users",
      detail: "Key (email)=(secret) exists.",
    });
    expect(describeWithoutValues(error)).toBe("unique violation, constraint users_email, table users");
    expect(describeWithoutValues(failure(undefined))).toBe("SQLSTATE unknown");
    expect(describeWithoutValues(new TypeError("secret"))).toBe("TypeError");
    expect(describeWithoutValues("secret")).toBe("unknown");
  });
});

test.each([
  ['invalid input value for enum mood: "secret"', {}, "invalid text for its type, type mood"],
  ["invalid input syntax for type json", {}, "invalid text for its type, type json"],
  ['malformed array literal: "secret"', {}, "invalid text for its type"],
  ['ungültiger Wert für Enum mood: "secret"', {}, "invalid text for its type"],
  ['invalid input syntax for type secret: ""', { routine: "exec_stmt_raise" }, "invalid text for its type"],
  [
    'invalid input syntax for type secret: ""',
    { where: "PL/pgSQL function f() line 1 at EXECUTE" },
    "invalid text for its type",
  ],
] as const)(
  "%s is described by the type, and not by the value or by what a function says (%o)",
  (message, fields, told) => {
    const error = Object.assign(new pg.DatabaseError(message, 0, "error"), { code: "22P02", ...fields });
    expect(describeWithoutValues(error)).toBe(told);
  },
);

describe("the stop that prevents transaction wraparound (B3)", () => {
  test("is waited out, since no row is at fault, and is explained", () => {
    for (const routine of ["GetNewTransactionId", "GetNewMultiXactId"]) {
      const error = failure("54000", { routine, message: "database is not accepting commands" });
      expect(classifyFailure(error)).toEqual({ action: "retry", reason: "resources", sqlstate: "54000" });
      expect(describeFailure(error)).toBe("database is not accepting commands (SQLSTATE 54000)");
    }
  });

  test("is distinguished from a row that is too long for an index", () => {
    expect(classifyFailure(failure("54000", { routine: "index_form_tuple" })).action).toBe("reject");
  });
});

describe("a broken connection", () => {
  test.each([
    "ECONNRESET",
    "ECONNREFUSED",
    "EPIPE",
    "ETIMEDOUT",
    "ENOTFOUND",
    "EAI_AGAIN",
    "EHOSTUNREACH",
    "ENETUNREACH",
  ])("with %s is retried", (code) => {
    expect(classifyFailure(Object.assign(new Error("x"), { code }))).toEqual({
      action: "retry",
      reason: "connection",
      sqlstate: null,
    });
  });

  test.each([
    "Connection terminated unexpectedly",
    "Connection terminated",
    "Connection terminated due to connection timeout",
    "timeout exceeded when trying to connect",
    "Client has encountered a connection error and is not queryable",
    "Client was closed and is not queryable",
  ])("that the driver calls %j is retried", (message) => {
    expect(isConnectionLoss(new Error(message))).toBe(true);
  });

  test.each([new TypeError("x is not a function"), "ECONNRESET", null, undefined, { code: "ECONNRESET" }])(
    "is not %o, which stops the run",
    (error) => {
      expect(classifyFailure(error)).toEqual({ action: "stop", reason: "other", sqlstate: null });
    },
  );
});
