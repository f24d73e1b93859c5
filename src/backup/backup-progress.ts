/** How far a backup or a restore is. */
export interface BackupProgress {
  readonly rows: number;
  /** of the compressed files */
  readonly bytes: number;
}
