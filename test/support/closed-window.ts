/** A window that stays closed for hours. */
export function closedWindow(): string {
  const hour = new Date().getUTCHours();
  return `${(hour + 6) % 24}:00-${(hour + 7) % 24}:00 UTC`;
}
