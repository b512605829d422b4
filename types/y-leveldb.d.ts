/** The types that y-leveldb ships but its `exports` hide: the parts that are used here. */
declare module 'y-leveldb' {
  import type { Doc } from 'yjs'

  export const keyEncoding: {
    encode(parts: readonly (string | number)[]): Buffer
    decode(key: Uint8Array): (string | number)[]
  }

  export class LeveldbPersistence {
    constructor(location: string, options?: { readonly levelOptions?: object })
    getYDoc(docName: string): Promise<Doc>
    storeUpdate(docName: string, update: Uint8Array): Promise<number>
    getAllDocNames(): Promise<string[]>
    destroy(): Promise<void>
  }
}
