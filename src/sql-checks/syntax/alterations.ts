import { dotted, nameOf } from "./names.ts";
import type { AlterTableType, ColumnDef, Constraint, Node } from "./parse-sql.ts";

/** One action of an `alter table`. */
export interface Alteration {
  readonly table: string | null;
  /** the column, constraint or other thing that it names */
  readonly part: string | null;
  readonly kind: AlterTableType;
  readonly definition: Node | undefined;
  readonly isCascade: boolean;
}

const altered: ReadonlySet<string | undefined> = new Set(["OBJECT_TABLE", "OBJECT_MATVIEW", "OBJECT_INDEX"]);

/** The actions of an `alter table`, of all kinds if none is given; none for views, types and sequences. */
export function alterations(statement: Node, ...kinds: readonly AlterTableType[]): readonly Alteration[] {
  if (!("AlterTableStmt" in statement) || !altered.has(statement.AlterTableStmt.objtype)) return [];
  const { relation, cmds = [] } = statement.AlterTableStmt;
  return cmds.flatMap((command): readonly Alteration[] => {
    if (!("AlterTableCmd" in command)) return [];
    const { subtype: kind, name: part = null, def: definition, behavior } = command.AlterTableCmd;
    if (kind === undefined || (kinds.length > 0 && !kinds.includes(kind))) return [];
    return [{ table: nameOf(relation), part, kind, definition, isCascade: behavior === "DROP_CASCADE" }];
  });
}

/** A column that is added to a table. */
export interface AddedColumn {
  readonly table: string | null;
  readonly column: ColumnDef;
  readonly constraints: readonly Constraint[];
}

/** The columns that a statement adds to a table. */
export function addedColumns(statement: Node): readonly AddedColumn[] {
  return alterations(statement, "AT_AddColumn").flatMap(({ table, definition }) =>
    definition !== undefined && "ColumnDef" in definition
      ? [{ table, column: definition.ColumnDef, constraints: constraintsOf(definition.ColumnDef) }]
      : [],
  );
}

/** The constraints in a column's definition. */
export function constraintsOf(column: ColumnDef): readonly Constraint[] {
  return (column.constraints ?? []).flatMap((node) => ("Constraint" in node ? [node.Constraint] : []));
}

/** A constraint that is added to a table, alone or with a column. */
export interface AddedConstraint {
  readonly table: string | null;
  readonly part: string | null;
  readonly constraint: Constraint;
  /** whether it comes with a column that is added */
  readonly isInline: boolean;
}

/** The constraints that a statement adds to a table. */
export function addedConstraints(statement: Node): readonly AddedConstraint[] {
  const alone = alterations(statement, "AT_AddConstraint").flatMap(({ table, definition }) => {
    if (definition === undefined || !("Constraint" in definition)) return [];
    const constraint = definition.Constraint;
    const part = constraint.conname ?? dotted(constraint.keys) ?? dotted(constraint.fk_attrs);
    return [{ table, part, constraint, isInline: false }];
  });
  const inline = addedColumns(statement).flatMap(({ table, column, constraints }) =>
    constraints.map((constraint) => ({
      table,
      part: constraint.conname ?? column.colname ?? null,
      constraint,
      isInline: true,
    })),
  );
  return [...alone, ...inline];
}
