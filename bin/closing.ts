/** Closes what was opened, the last first, everything even if one part fails; then the failures are told together. */

export async function closeAll(parts: readonly AsyncDisposable[]): Promise<void> {
  const failures: unknown[] = []
  for (const part of parts) {
    try {
      await part[Symbol.asyncDispose]()
    } catch (cause) {
      failures.push(cause)
    }
  }
  if (failures.length === 1) throw failures[0]
  if (failures.length > 1) throw new AggregateError(failures, 'several parts did not close')
}
