/** What workers say of themselves, for those who do not have the program. */
import type { DefinitionDescription } from "../Catalogue.ts"

/** What a worker says of itself. */
export interface Announcement {
  /** Those that it is restricted to. */
  readonly queues: ReadonlyArray<string> | undefined
  readonly definitions: ReadonlyArray<Described>
}

/** A definition as data, and what tells its versions apart. */
export interface Described {
  readonly key: string
  readonly hash: string
  readonly description: DefinitionDescription
}
