/** What GitHub's markdown has beyond CommonMark, in short examples: tables, boxes, struck words, bare links, footnotes, alerts. */

export interface Example {
  readonly section: string
  readonly markdown: string
}

const tables = [
  '| a | b |\n| - | - |\n| one | two |\n',
  '| a | b |\n| :-- | --: |\n| left | right |\n| c | d |\n',
  'a | b\n:-:|-\none | two\n',
  '| only |\n|:----:|\n',
  '| pipe \\| inside | `x | y` |\n|---|---|\n| `\\|` | \\\\ |\n',
  '| short |\n| - | - |\n| no table |\n',
  '| a | b |\n|---|---|\n| few |\n| one | two | too many |\n',
  'Text above\n| a |\n|---|\n| one |\n\nText below\n',
  '| a |\n|---|\n| one |\n> quote ends it\n',
  '> | a | b |\n> |---|---|\n> | one | two |\n',
  '- | a | b |\n  |---|---|\n  | one | two |\n',
  '|    wide    |  |\n|:----------:|--|\n|   x   | \t |\n',
  '| ключ | 値 | \u{1f30a} |\n|---|---|---|\n| один | 二 | \u{1f3c6} |',
]
const boxes = [
  '- [ ] open\n- [x] done\n- [X] done too\n',
  '* [ ] star\n+ [x] plus\n1. [ ] first\n2) [x] second\n',
  '- [ ] outer\n  - [x] inner\n    - [ ] innermost\n- [ ] last\n',
  '- [ ]no space\n- [] nothing\n- [  ] two blanks\n- [ ]\n',
  '- [/] half\n- [-] never\n- [>] moved\n- [?] asked\n',
  '- [ ] *strong* `code` [link](a.md) \\[x]\n',
  '- text\n\n  [ ] no box\n\n- [ ] box\n\n  with a paragraph\n',
  '> - [ ] quoted\n> - [x] quoted too\n',
  '    - [ ] in code\n\n```\n- [x] in a fence\n```\n',
  '- [ ] one<br>- [ ] no second\n- \t[ ]\ttabs\n',
]
const struck = [
  'A ~~struck~~ word\n',
  'A ~struck~ word, ~~~not struck~~~\n',
  '~~one\n\ntwo~~\n',
  '~~**strong and struck**~~ and **~~other way~~**\n',
  '\\~~kept\\~~ and `~~code~~`\n',
  '~~~\nfence\n~~~\n',
  'a~~b~~c ~~ d ~~\n',
]
const links = [
  'www.example.org\n',
  'See www.example.org/help, and (www.example.org/a_(b)).\n',
  'https://example.org/a?b=c&d=e#f and http://localhost\n',
  'https://example.org/a&amp;b&copy;\n',
  'ftp://example.org is not one for all\n',
  'Write to first.last+tag@example.org, not a@b or a.b-c_@d.e_\n',
  'mailto:a@example.org xmpp:a@example.org/room\n',
  '<https://example.org/ä> <a@example.org>\n',
  'https://example.org/<not-this>\n',
  '[www.example.org](https://example.org) **www.example.org**\n',
]
const notes = [
  'Text[^1].\n\n[^1]: The note.\n',
  'One[^a] two[^b] one[^a].\n\n[^b]: B\n[^a]: A\n',
  'Text[^long].\n\n[^long]: First line\n\n    second paragraph\n\n    - [ ] list\n',
  'Text[^missing] and \\[^escaped].\n',
  '[^1]: Note without a reference\n',
  'Text[^ä b].\n\n[^ä b]: not a name\n',
  'Text^[inline note] and [^1][^2]\n\n[^1]: one\n[^2]: two[^1]\n',
  '> [^q]: in a quote\n\nText[^q]\n',
]
const others = [
  '> [!NOTE]\n> Words\n',
  '> [!WARNING]\n>\n> - [ ] box\n',
  '#123 @name owner/repo#4 abcdef0 :tada:\n',
  '<title> <textarea> <script> filtered\n',
  'Formula $a_1$ and $$\nx\n$$\n',
  '```mermaid\ngraph TD;\n```\n\n```diff\n- a\n+ b\n```\n',
  '---\ntitle: looks like a front matter\n---\n',
  '<!-- comment -->\n<details><summary>S</summary>\n\n- [ ] box\n\n</details>\n',
]

const sections = {
  tables,
  'boxes of tasks': boxes,
  'struck words': struck,
  'bare links': links,
  footnotes: notes,
  'what else stands in issues': others,
}

export const gfmExamples: readonly Example[] = Object.entries(sections).flatMap(([section, all]) =>
  all.map((markdown) => ({ section, markdown })),
)
