/** Runs a program to its end and gives what it prints; what fails says what it printed. */
import { execFile } from "node:child_process"

export interface RunOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string | undefined>>
}

export const run = (command: string, args: ReadonlyArray<string>, options: RunOptions): Promise<string> =>
  new Promise((done, failed) => {
    execFile(command, args, { ...options, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) done(stdout)
      else failed(new Error(`${command} ${args.join(" ")}\n${stdout}${stderr}`.trim()))
    })
  })

/** TypeScript's compiler, to be run by Node. */
export const tsc = (root: string): string => `${root}/node_modules/typescript/bin/tsc`

/** What a program prints beside the engine's log: that goes from the time to a closing brace, on one line or on a line of its own. */
export const withoutLog = (output: string): string => output.replaceAll(/^\[\d\d:(?:.* \}|[^]*?^\})\n/gm, "")
