/** How far a backup or a restore is. */
export interface Progress {
  readonly rows: number;
  /** of the compressed files */
  readonly bytes: number;
}
