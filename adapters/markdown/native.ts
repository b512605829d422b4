/** The native format: one markdown file per task, which says all of itself in its front matter and its body. */
import type { Format } from '../../src/internal.ts'
import { newNativeText } from './native-create.ts'
import { parseNative } from './native-parse.ts'
import { patchNative } from './native-patch.ts'
import { newFileName } from './slug.ts'
import { isTemporary } from './temporary-names.ts'

export interface NativeOptions {
  /** Where the tasks are, relative to the root; empty for the root itself. */
  readonly folder: string
}

export function nativeFormat({ folder }: NativeOptions): Format {
  const prefix = folder === '' || folder === '.' ? '' : `${folder.replace(/\/+$/, '')}/`
  return {
    name: 'native',
    covers: (path) => path.startsWith(prefix) && path.endsWith('.md') && !isTemporary(path.slice(prefix.length)),
    parse: (_path, text) => parseNative(text),
    patch: (_path, text, patches) =>
      // The one task goes by taking the file away, which is not for a format to do.
      patches
        .filter(({ task, remove }) => task === 0 && remove === undefined)
        .reduce((patched, patch) => patchNative(patched, patch), text),
    create(sheet, folder) {
      const title = sheet.fields['title']
      const isTaken = (name: string): boolean => folder.isTaken(prefix + name)
      const name = newFileName(sheet.key, typeof title === 'string' ? title : '', isTaken)
      return [{ path: prefix + name, text: newNativeText(sheet) }]
    },
  }
}
