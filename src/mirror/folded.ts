/** To some disks names that differ in case, or in how they are composed, are one. */
export function folded(path: string): string {
  return path.toLowerCase().normalize('NFC')
}
