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
      patches.filter(({ task }) => task === 0).reduce((patched, patch) => patchNative(patched, patch), text),
    create(sheet, taken) {
      const title = sheet.fields['title']
      const name = newFileName(sheet.key, typeof title === 'string' ? title : '', (one) => taken(prefix + one))
      return { path: prefix + name, text: newNativeText(sheet) }
    },
  }
}
