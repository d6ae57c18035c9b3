/** What is planted, and who is to find it. */

/** An exchange of text in a source: a bug, where it is made. */
export interface Plant {
  readonly file: string
  /** Occurs once; otherwise the source has moved on, and the bug has to be planted anew. */
  readonly find: string
  readonly replace: string
}

export interface Bug {
  readonly name: string
  /** The rule or the promise that it breaks. */
  readonly breaks: string
  readonly plants: ReadonlyArray<Plant>
  /** The tests that are expected to catch it: files with the beginnings of names. */
  readonly tests: Readonly<Record<string, ReadonlyArray<string>>>
  /** Something waits for ever, so that a test that runs out of time has caught it. */
  readonly hangs?: boolean
}

/** Puts the bug's text in the place of the right one; says what is wrong where that cannot be done. */
const planted = (source: string, { file, find, replace }: Plant): string => {
  const found = source.split(find).length - 1
  if (found !== 1) {
    throw new Error(`the text to be replaced is ${found} times in ${file}, the bug has to be planted anew:\n${find}`)
  }
  return source.replace(find, () => replace)
}

/** The files that a bug changes, as they are with it. */
export const plantedFiles = (
  { plants }: Pick<Bug, "plants">,
  read: (file: string) => string
): ReadonlyMap<string, string> => {
  const files = new Map<string, string>()
  for (const plant of plants) files.set(plant.file, planted(files.get(plant.file) ?? read(plant.file), plant))
  return files
}
