/** What is said of a command that cannot be read: one sentence, what is nearest to it, and where the help is. Help that is asked for is shown whole. */
import { Console } from "effect"
import { type CliError, CliOutput, type HelpDoc } from "effect/cli"

/** How many letters are to be added, taken away or exchanged until one is the other. */
const distance = (one: string, other: string): number =>
  [...one].reduce(
    (above, letter, i) =>
      [...other].reduce<ReadonlyArray<number>>(
        (row, otherLetter, j) => [
          ...row,
          Math.min(row[j]! + 1, above[j + 1]! + 1, above[j]! + (letter === otherLetter ? 0 : 1))
        ],
        [i + 1]
      ),
    Array.from({ length: other.length + 1 }, (_, j): number => j) as ReadonlyArray<number>
  ).at(-1)!

/** What was meant: names that a slip makes of it, or else those that have it in them, or that are in it. */
const like = (given: string, names: ReadonlyArray<string>): ReadonlyArray<string> => {
  const word = given.replace(/^-+/, "").slice(0, 100)
  const near = names.map((name) => ({ name, off: distance(word, name) })).filter(({ off }) => off <= 2)
  const least = Math.min(...near.map(({ off }) => off))
  return near.length > 0
    ? near.filter(({ off }) => off === least).map(({ name }) => name)
    : word.length < 3
    ? []
    : names.filter((name) => name.includes(word) || word.includes(name)).slice(0, 3)
}

const flagsOf = ({ flags, globalFlags = [], inheritedFlags = [] }: HelpDoc.HelpDoc): ReadonlyArray<string> =>
  [...flags, ...inheritedFlags, ...globalFlags].map(({ name }) => name.replace(/^-+/, ""))

const nearest = (found: ReadonlyArray<string>): string =>
  found.length === 0 ? "" : `. Did you mean ${found.join(" or ")}?`

const sentence = (error: CliError.NonShowHelpErrors, help: HelpDoc.HelpDoc): string => {
  switch (error._tag) {
    case "UnrecognizedOption": {
      const { option } = error
      return `there is no flag ${option} here${nearest(like(option, flagsOf(help)).map((name) => `--${name}`))}`
    }
    case "UnknownSubcommand": {
      const { subcommand } = error
      const names = (help.subcommands ?? []).flatMap(({ commands }) => commands.map(({ name }) => name))
      return `there is no command ${subcommand}${nearest(like(subcommand, names))}`
    }
    default:
      return error.message.replace("Schema validation failed: ", "").replaceAll(/\s+/g, " ")
  }
}

/** For commands that are typed behind `stepped`, or, in a program that is being written, without. */
export const presenting = (isTyped: boolean): CliOutput.Presenter => ({
  present: (event) => {
    if (event._tag !== "InvalidInvocation") return CliOutput.defaultPresenter.present(event)
    const { commandPath, errors, helpDoc } = event
    const command = [...isTyped ? commandPath.slice(1) : commandPath, "--help"].join(" ")
    const said = [...new Set(errors.map((error) => sentence(error, helpDoc)))].join("; ")
    return Console.error(`stepped: ${said}${/[.?]$/.test(said) ? "" : "."} \`${command}\` says what it takes`)
  }
})
