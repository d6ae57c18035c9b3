/** The one table of verbs and the command line: each verb has its command there, and that an argument or a flag for each of its inputs. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { operatorVerbs } from "stepped"
import { Api } from "stepped/http"
import { verbTable } from "../../src/verbs/table.ts"
import { bodyOf, fieldsOf, helpOf, inputsOf, missing, otherwise } from "./fixtures/table.ts"

describe("the table of verbs", () => {
  it.effect("has a command for each, of its own, with all that it takes, and with who asks and why", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(Object.keys(verbTable).sort(), [...operatorVerbs].sort())
      const commands = Object.values(verbTable).map(({ command }) => command)
      assert.lengthOf(new Set(commands), commands.length)
      const wrong = Object.keys(otherwise).filter((verb) => verb !== "run" && !Object.hasOwn(verbTable, verb))
      for (const verb of operatorVerbs) {
        const words = verbTable[verb].command.split(" ")
        const flag = words.findIndex((word) => word.startsWith("--"))
        const path = flag < 0 ? words : words.slice(0, flag)
        const { commandPath, helpDoc } = yield* helpOf(path)
        assert.deepStrictEqual(commandPath, ["stepped", ...path], verb)
        // a command with others below it does nothing itself
        assert.isUndefined(helpDoc.subcommands?.[0], verb)
        const inputs = inputsOf(helpDoc)
        wrong.push(...missing(verb, fieldsOf(verb), inputs))
        wrong.push(...["--reason", "--by"].filter((name) => !inputs.has(name)).map((name) => `${verb}: ${name}`))
        if (flag >= 0) {
          const [name = "", value] = words.slice(flag)
          if (!inputs.has(name)) wrong.push(`${verb}: ${name}`)
          const { description } = helpDoc.flags.find((one) => one.name.replace(/^-+/, "") === name.slice(2)) ?? {}
          if (value !== undefined && !JSON.stringify(description).includes(`${value}: `)) {
            wrong.push(`${verb}: ${value}`)
          }
        }
        // who asks it of one, and who asks it of all for which something holds
        const isMany = verbTable[verb].many || verb === "Stepped.forMany"
        if (inputs.has("--where") !== isMany) wrong.push(`${verb}: --where`)
      }
      assert.deepStrictEqual(wrong, [])
    }))

  it.effect("is not all: that an action is to run has its command with all that it takes, too", () =>
    Effect.gen(function*() {
      const { commandPath, helpDoc } = yield* helpOf(["run"])
      assert.deepStrictEqual(commandPath, ["stepped", "run"])
      assert.deepStrictEqual(missing("run", bodyOf(Api.groups.telling.endpoints.run), inputsOf(helpDoc)), [])
    }))
})
