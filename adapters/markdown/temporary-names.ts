/** Names that editors, file systems and this product give to files that are there for a moment. They are never tasks. */

const TEMPORARY: readonly RegExp[] = [
  /^\./,
  /~$/,
  /^#.*#$/,
  /^4913$/,
  /\.sw.$/i,
  /\.(?:tmp|orig|rej|bak)$/i,
  /___jb_/,
  /^~\$/,
]

/** Whether any name on the path, folders included, is one of them. */
export function isTemporary(path: string): boolean {
  return path.split('/').some((name) => TEMPORARY.some((pattern) => pattern.test(name)))
}
