/** The blocks of the guide: commands, each with what it prints. */

/** How the guide calls what has an id: the same in each of its blocks. */
export const inGuide = (n: number): string => `0199c2f0-9c1e-7d30-8a44-${String(n + 1).padStart(12, "0")}`

const opening = (name: string) => `<!-- situation: ${name} -->\n\n\`\`\`text\n`

/** What the guide shows for a situation. */
export const blockOf = (guide: string, name: string): string => {
  const [, after] = guide.split(opening(name))
  if (after === undefined) throw new Error(`the guide has no block for the situation ${name}`)
  return after.slice(0, after.indexOf("\n```"))
}

export const withBlock = (guide: string, name: string, block: string): string =>
  guide.replace(opening(name) + blockOf(guide, name), () => opening(name) + block)

export const situationsOf = (guide: string): ReadonlyArray<string> =>
  [...guide.matchAll(/^<!-- situation: (.+) -->$/gm)].map(([, name]) => name!)

const prompt = "$ npx stepped "

/** Its commands, as a shell would take them apart. */
export const commandsOf = (block: string): ReadonlyArray<ReadonlyArray<string>> =>
  block.split("\n").filter((line) => line.startsWith(prompt)).map((line) =>
    [...line.slice(prompt.length).matchAll(/"((?:\\.|[^"\\])*)"|'([^']*)'|(\S+)/g)].map(([, double, single, bare]) =>
      double?.replaceAll(/\\(.)/g, "$1") ?? single ?? bare!
    )
  )

export const linesOf = (block: string): ReadonlyArray<string> =>
  block.split("\n").filter((line) => line.startsWith(prompt))

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g

/** The same in the guide's ids: those of the situation first, and then what else appears, in that order. */
export const namedAsInGuide = (known: ReadonlyArray<string>): (text: string) => string => {
  const ids = [...known]
  return (text) =>
    text.replaceAll(uuid, (id) => {
      if (!ids.includes(id)) ids.push(id)
      return inGuide(ids.indexOf(id))
    })
}

/** A time is another one each time: what is left is equal. Columns are as wide as what stands in them. */
export const withoutTimes = (text: string): string =>
  // whose snapshot is older goes by what else runs on the server of the tests
  text.replaceAll(/(?:^│ {2}[├└]─ session .*\n)+/gm, (lines) =>
    `${lines.trimEnd().split("\n").map((line) => line.slice(5)).sort().join("\n")}\n`)
    .replaceAll(/\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?Z/g, "<time>")
    .replaceAll(/(\d+(\.\d+)?(ms|µs|s|m|h|d)\b ?)+/g, "<span> ")
    // how far it is, told while it lasts
    .replaceAll(/^\d+ of \d+\n/gm, "")
    // what the machine is like
    .replaceAll(/\w+ {2}(a commit|a round trip) takes.*/g, "<measured>")
    .replaceAll(/ {2}.*(dead, | connections are in use).*/g, "  <counted>")
    .replaceAll(/\(\d+\)/g, "(<pid>)")
    .replaceAll(/ \d+(\.\d+)?( |$)/gm, " <n> ")
    .replaceAll(/ {2,}/g, "  ")
    .replaceAll(/ +$/gm, "")
