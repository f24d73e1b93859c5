import {
  addAutoIncrementingColumn,
  addColumnWithVolatileDefault,
  addIdentity,
  addRequiredColumn,
  addStoredGeneratedColumn,
  changeGeneratedExpression,
} from "./rules/added-columns.ts";
import { changeColumnType } from "./rules/column-type.ts";
import {
  addCheckWithoutNotValid,
  addExclusionConstraint,
  addForeignKeyWithoutNotValid,
  addPrimaryKeyWithoutIndex,
  addUniqueWithoutIndex,
  setNotNullWithoutCheck,
  validateInSameTransaction,
} from "./rules/constraints.ts";
import { changeDomainWithoutNotValid, createDomainWithCheck } from "./rules/domains.ts";
import { identifierTooLong } from "./rules/identifier-too-long.ts";
import {
  createIndexWithoutConcurrently,
  dropIndexWithoutConcurrently,
  reindexWithoutConcurrently,
} from "./rules/indexes.ts";
import { jsonColumn } from "./rules/json-columns.ts";
import {
  attachPartitionWithoutCheck,
  detachPartitionWithoutConcurrently,
  lockTable,
  refreshWithoutConcurrently,
} from "./rules/locks.ts";
import {
  cascade,
  dropColumn,
  dropDatabase,
  dropNotNull,
  dropOther,
  dropOwned,
  dropSchema,
  dropTable,
  truncateTable,
} from "./rules/losses.ts";
import { nonRepeatableExpression } from "./rules/non-repeatable-expression.ts";
import { narrowPrimaryKey } from "./rules/primary-key.ts";
import { renameColumn, renameEnumValue, renameSchema, renameTable } from "./rules/renames.ts";
import {
  changePersistence,
  clusterTable,
  setAccessMethod,
  setTablespace,
  vacuumFull,
} from "./rules/rewrites.ts";
import { timeoutOff } from "./rules/timeout-off.ts";
import {
  concurrentIndexIfNotExists,
  concurrentlyBesideOthers,
  concurrentlyInTransaction,
  enumValueInSameTransaction,
  refusedInTransaction,
  transactionControl,
} from "./rules/transactions.ts";
import { disableTrigger } from "./rules/triggers.ts";
import { unboundedDelete, unboundedUpdate } from "./rules/unbounded.ts";
import { unqualifiedFunction, unqualifiedTable } from "./rules/unqualified.ts";
import type { Rule } from "./syntax/rule.ts";

/** The rules for statements; the findings of a statement come in this order. */
export const statementRules: readonly Rule[] = [
  changeColumnType,
  addColumnWithVolatileDefault,
  addAutoIncrementingColumn,
  addStoredGeneratedColumn,
  changeGeneratedExpression,
  changePersistence,
  setTablespace,
  setAccessMethod,
  clusterTable,
  vacuumFull,
  createIndexWithoutConcurrently,
  dropIndexWithoutConcurrently,
  reindexWithoutConcurrently,
  refreshWithoutConcurrently,
  detachPartitionWithoutConcurrently,
  lockTable,
  attachPartitionWithoutCheck,
  timeoutOff,
  addForeignKeyWithoutNotValid,
  addCheckWithoutNotValid,
  addUniqueWithoutIndex,
  addPrimaryKeyWithoutIndex,
  addExclusionConstraint,
  setNotNullWithoutCheck,
  addRequiredColumn,
  addIdentity,
  validateInSameTransaction,
  createDomainWithCheck,
  changeDomainWithoutNotValid,
  concurrentlyInTransaction,
  concurrentlyBesideOthers,
  concurrentIndexIfNotExists,
  transactionControl,
  refusedInTransaction,
  enumValueInSameTransaction,
  unboundedUpdate,
  unboundedDelete,
  truncateTable,
  dropTable,
  dropColumn,
  dropNotNull,
  dropOther,
  dropSchema,
  dropDatabase,
  dropOwned,
  cascade,
  disableTrigger,
  renameTable,
  renameColumn,
  renameSchema,
  renameEnumValue,
  identifierTooLong,
  narrowPrimaryKey,
  jsonColumn,
  unqualifiedTable,
  nonRepeatableExpression,
];

/** The rules for expressions. */
export const expressionRules: readonly Rule[] = [
  unqualifiedTable,
  unqualifiedFunction,
  nonRepeatableExpression,
];

/** Every code that a finding can have, once. */
export const codes: readonly string[] = [
  ...new Set([...statementRules, ...expressionRules].map(({ code }) => code)),
];
