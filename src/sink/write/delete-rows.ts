import type { Bounds, Key } from "../../postgres/catalog/key.ts";
import type { Relation } from "../../postgres/catalog/relation.ts";
import type { TriggerGuard } from "../../postgres/catalog/trigger-guard.ts";
import { raw, type Sql } from "../../postgres/sql/sql.ts";
import { TextColumns } from "../../postgres/sql/text-columns.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { ImageTarget, SinkImages } from "../images/images.ts";
import { answeredAreGone, type SqlComparing, scopeIsGone } from "./comparing.ts";
import { DeleteStatement } from "./delete-statement.ts";
import type { OutgoingBatch, RowSink, SqlSink } from "./sink.ts";
import { countWritten, nothingWritten, type Written } from "./written.ts";

/** Deletes the rows for which a transform returned an answer. */
export class DeleteRows implements RowSink {
  readonly takesMany = false;
  readonly comparing = answeredAreGone;
  readonly guards = [];
  readonly #key: Key;
  readonly #delete: DeleteStatement;

  constructor(relation: Relation, key: Key) {
    this.#key = key;
    this.#delete = new DeleteStatement(relation, key);
  }

  images(isEncrypted: boolean): SinkImages {
    return this.#delete.images(isEncrypted);
  }

  encode(): readonly (string | null)[] {
    return [];
  }

  async write(tx: Transaction, { bounds, rows: { keys }, images }: OutgoingBatch): Promise<Written> {
    if (keys.length === 0) return nothingWritten;
    const done = await countWritten(tx, this.#statement(bounds, keys, images));
    const rest = keys.length - done.written;
    const swallowedKeys = rest === 0 ? [] : await this.#delete.swallowed(tx, this.#key.within(bounds), keys);
    const swallowed = swallowedKeys.length;
    return { ...done, unchanged: rest - swallowed, swallowed, swallowedKeys };
  }

  sample(bounds: Bounds, images: ImageTarget | null): Sql {
    return this.#statement(bounds, new TextColumns(), images);
  }

  #statement(bounds: Bounds, keys: TextColumns, images: ImageTarget | null): Sql {
    const returning = images === null ? raw("1") : this.#delete.wholeRow();
    return this.#delete.counted(this.#delete.ofKeys(this.#key.within(bounds), keys, returning), images);
  }
}

/** Deletes the rows in scope, without reading them. */
export class DeleteBySql implements SqlSink {
  readonly countsRows = false;
  readonly mayMeetLateRows = false;
  readonly guards: readonly TriggerGuard[];
  readonly toWrite = (inScope: Sql): Sql => inScope;
  readonly comparing: SqlComparing;
  readonly #delete: DeleteStatement;

  constructor(relation: Relation, key: Key, guard: TriggerGuard) {
    this.guards = [guard];
    this.#delete = new DeleteStatement(relation, key);
    this.comparing = scopeIsGone(key);
  }

  images(isEncrypted: boolean): SinkImages {
    return this.#delete.images(isEncrypted);
  }

  async write(tx: Transaction, bounds: Bounds, inScope: Sql, images: ImageTarget | null): Promise<Written> {
    return countWritten(tx, this.statement(bounds, inScope, images));
  }

  statement(_bounds: Bounds, inScope: Sql, images: ImageTarget | null): Sql {
    const returning = images === null ? raw("1") : this.#delete.wholeRow();
    return this.#delete.counted(this.#delete.where(inScope, returning), images);
  }
}
