/**
 * The reporter that ends the output of a run with `N passed, N failed`, alone on the last line.
 *
 * What fails outside of a test (a file that does not load, an error that nothing caught) counts as a failure, and so
 * does a run without any test. Skipped tests are named on a line before, so that nothing is left out silently.
 */
import type { Reporter, SerializedError, TestModule } from "vitest/node"

export class ClosingLine implements Reporter {
  #lines: ReadonlyArray<string> = ["0 passed, 1 failed"]

  onInit() {
    // only the end of the process comes after the teardown of databases and what that prints
    process.once("exit", () => {
      if (this.#lines.at(-1)?.endsWith(" 0 failed") === false && process.exitCode === undefined) process.exitCode = 1
      process.stdout.write(`${this.#lines.join("\n")}\n`)
    })
  }

  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandledErrors: ReadonlyArray<SerializedError>) {
    let passed = 0
    let failed = unhandledErrors.length
    const skipped: Array<string> = []
    for (const module of modules) {
      failed += module.errors().length
      for (const suite of module.children.allSuites()) failed += suite.errors().length
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === "passed") passed++
        else if (state === "failed") failed++
        else skipped.push(`${module.relativeModuleId} > ${test.fullName}`)
      }
    }
    if (passed + failed === 0) failed = 1
    const more = skipped.splice(20).length
    this.#lines = [
      ...skipped.map((name) => `skipped: ${name}`),
      ...(more > 0 ? [`skipped: ${more} more`] : []),
      `${passed} passed, ${failed} failed`
    ]
  }
}
