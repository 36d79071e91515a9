/** Reports progress on stderr, with the seconds since the start. */
export function tell(what: string): void {
  console.error(`${(performance.now() / 1000).toFixed(0).padStart(4)} s  ${what}`);
}
