/** What a generation and the process that has started it tell each other. */
import { Schema } from "effect"

/** From a generation to who has started it. */
export const FromGeneration = Schema.Union([
  /** Its worker performs. */
  Schema.TaggedStruct("Ready", {}),
  /** Its dashboard is there. */
  Schema.TaggedStruct("Serving", { address: Schema.String }),
  /** The newest trees, the newest first; those of a generation that is watched at a terminal. */
  Schema.TaggedStruct("Trees", { trees: Schema.Array(Schema.String) })
])
export type FromGeneration = typeof FromGeneration.Type

/** From who has started it to a generation: a line was typed. */
export const Typed = Schema.TaggedStruct("Typed", {
  line: Schema.String,
  /** How wide the terminal is, where there is one. */
  columns: Schema.optionalKey(Schema.Int)
})
export type Typed = typeof Typed.Type

/** In the environment of a generation: who has started it is at a terminal, or not. */
export const startedBy = "STEPPED_DEV_STARTED_BY"
