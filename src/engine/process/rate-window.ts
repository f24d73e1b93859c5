/** The number of looks over which the rate is measured. */
const looks = 10;
const mostLooks = 60;

/** Rows per second, over the last looks. */
export class RateWindow {
  readonly #seen: { readonly at: number; readonly rows: number }[] = [];
  #rows = 0;

  add(rows: number): void {
    this.#rows += rows;
  }

  /** Looks: the rate since the first look that counts; 0 before there are two. */
  measure(): number {
    const now = performance.now();
    this.#seen.push({ at: now, rows: this.#rows });
    // A long rest reads nothing and is part of the speed, so the window must span it.
    while (this.#seen.length > looks && this.#mayForgetFirst()) this.#seen.shift();
    const [first] = this.#seen;
    if (first === undefined || now - first.at < 100) return 0;
    return ((this.#rows - first.rows) / (now - first.at)) * 1_000;
  }

  #mayForgetFirst(): boolean {
    return this.#seen.length > mostLooks || (this.#seen[1]?.rows ?? 0) < this.#rows;
  }
}
