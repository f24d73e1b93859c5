/** u: updated, d: deleted or moved away, i: inserted */
export type ImageKind = "u" | "d" | "i";

/**
 * The table whose images an undo log has, and how they are stored. Kept with the run, so that it can be
 * undone without the job's code.
 */
export interface ImagePart {
  readonly kind: ImageKind;
  readonly schema: string;
  readonly table: string;
  /** the key's columns; null where rows are found by their address */
  readonly key: readonly string[] | null;
  /** the columns whose values are kept, as `old_n` and `new_n` */
  readonly values: readonly string[];
  /** the table that moved rows went to; their keys are stored with the image */
  readonly into: Pick<ImagePart, "schema" | "table" | "key"> | null;
}
