/** The examples of the CommonMark specification, which the package has without types. */
declare module 'commonmark-spec' {
  export const tests: readonly {
    /** Tabs stand in it as arrows. */
    readonly markdown: string
    readonly section: string
    readonly number: number
  }[]
}
