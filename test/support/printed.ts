import { vi } from "vitest";

/** The lines that something prints as a Lambda function would: logs and metrics. */
export async function printedBy(act: () => unknown): Promise<string[]> {
  vi.stubEnv("POWERTOOLS_METRICS_DISABLED", "false");
  const lines: string[] = [];
  const written = vi
    .spyOn(process.stdout, "write")
    .mockImplementation((text) => lines.push(String(text)) > 0);
  try {
    await act();
  } finally {
    written.mockRestore();
  }
  return lines.join("").split("\n").filter(Boolean);
}
