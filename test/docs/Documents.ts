/**
 * The code blocks of the documents: of Markdown files, and of the examples in the comments of the sources.
 *
 * A comment in front of a block says where its code comes from. `<!-- file: examples/car/main.ts -->` means that the
 * block is that file, `<!-- file: examples/car/main.ts#visit -->` that it is what stands there between
 * `// #region visit` and `// #endregion`, and `<!-- prelude: test/docs/prelude/car.ts -->` that the code of that file
 * goes before it, unseen by the reader. A block without a comment stands on its own.
 */
import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"

export interface Document {
  readonly path: string
  readonly content: string
}

export interface Block {
  readonly document: string
  /** The line of the document on which the code begins, counted from one. */
  readonly line: number
  readonly language: string
  readonly code: string
  readonly file: string | undefined
  readonly prelude: string | undefined
}

const directive = /^\s*<!--\s*(file|prelude):\s*(\S+)\s*-->\s*$/

export const blocksOf = ({ content, path }: Document): ReadonlyArray<Block> => {
  const blocks: Array<Block> = []
  const lines = content.split("\n")
  let directives: Record<string, string> = {}
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!
    const [, name, value] = directive.exec(line) ?? []
    if (name !== undefined && value !== undefined) directives[name] = value
    const [, indent, fence, language] = /^(\s*)(`{3,}|~{3,})\s*([\w-]*)/.exec(line) ?? []
    if (fence !== undefined) {
      const start = at + 1
      do at++
      while (at < lines.length && !lines[at]!.trim().startsWith(fence))
      if (at === lines.length) throw new Error(`${path}:${start}: the block has no end`)
      blocks.push({
        document: path,
        line: start + 1,
        language: language ?? "",
        code: lines.slice(start, at).map((line) => line.startsWith(indent ?? "") ? line.slice(indent?.length) : line)
          .join("\n"),
        file: directives.file,
        prelude: directives.prelude
      })
    }
    if (name === undefined && line.trim() !== "") directives = {}
  }
  return blocks
}

/** What the documentation comments of a source say, each line where it stands there, and nothing of the code. */
export const commentsOf = ({ content, path }: Document): Document => {
  let inside = false
  const lines = content.split("\n").map((line) => {
    if (/^\s*\/\*\*/.test(line)) inside = true
    const text = inside ? line.replace(/^\s*(\/\*\*|\*\/|\*) ?/, "") : ""
    if (line.includes("*/")) inside = false
    return text.replace(/\s*\*\/.*$/, "")
  })
  return { path, content: lines.join("\n") }
}

/** The code that a `file:` comment names, without the marks of regions. */
export const codeOf = (root: string, name: string): string => {
  const [file, region] = name.split("#") as [string, string?]
  let lines = readFileSync(join(root, file), "utf8").split("\n")
  if (region !== undefined) {
    const start = lines.findIndex((line) => line.trim() === `// #region ${region}`)
    if (start < 0) throw new Error(`${file} has no region ${region}`)
    let depth = 1
    const end = lines.findIndex((line, at) => {
      if (at > start && line.trim().startsWith("// #region")) depth++
      if (at > start && line.trim().startsWith("// #endregion")) depth--
      return at > start && depth === 0
    })
    if (end < 0) throw new Error(`${file}: the region ${region} has no end`)
    lines = lines.slice(start + 1, end)
  }
  const code = lines.filter((line) => !/^\s*\/\/ #(end)?region\b/.test(line))
  const indent = Math.min(...code.filter((line) => line.trim() !== "").map((line) => line.search(/\S/)))
  return code.map((line) => line.slice(indent)).join("\n").trim()
}

const named = /^import (?:type )?\{([^}]*)\} from "([^"]+)"[^\S\n]*$/gm

const namesIn = (list: string): ReadonlyArray<string> => list.split(",").map((name) => name.trim()).filter(Boolean)

/** The prelude without what the block imports itself. */
export const preludeFor = (prelude: string, code: string): string => {
  const imported = new Set([...code.matchAll(named)].flatMap(([, list]) => namesIn(list!.replaceAll(/\btype /g, ""))))
  return prelude.replaceAll(named, (_, list: string, from: string) => {
    const rest = namesIn(list).filter((name) => !imported.has(name.replace(/^type /, "")))
    return rest.length === 0 ? "" : `import { ${rest.join(", ")} } from "${from}"`
  })
}

/** Where a link of a document leads: a path from the root, and a heading's anchor if there is one. */
export interface Link {
  readonly document: string
  readonly line: number
  readonly path: string
  readonly anchor: string | undefined
}

/** A document without its blocks of code, line by line. */
const proseOf = (content: string): ReadonlyArray<string> => {
  let inside = false
  return content.split("\n").map((line) => {
    const fence = /^\s*(`{3,}|~{3,})/.test(line)
    if (fence) inside = !inside
    return fence || inside ? "" : line
  })
}

/** The links of a document to files of the repository. */
export const linksOf = ({ content, path }: Document): ReadonlyArray<Link> =>
  proseOf(content).flatMap((line, at) =>
    [...line.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g)].map(([, to, anchor]) => ({
      document: path,
      line: at + 1,
      path: to === "" ? path : join(dirname(path), to!),
      anchor
    }))
  )

/** The anchors of a document's headings, as GitHub makes them. */
export const anchorsOf = (content: string): ReadonlyArray<string> =>
  proseOf(content).filter((line) => /^#{1,6} /.test(line)).map((line) =>
    line.replace(/^#+ /, "").toLowerCase().replaceAll(/[^\p{L}\p{N}_ -]/gu, "").trim().replaceAll(" ", "-")
  )
