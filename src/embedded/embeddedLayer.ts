/** The engine over an embedded database: what {@link layer} of this folder is made of. */
import * as Layer from "effect/Layer"
import { engineLayer, type EngineOptions } from "../engine/engineLayer.ts"
import { type EmbeddedDatabaseOptions, layerClient } from "../sql/EmbeddedDatabase.ts"

export const embeddedLayer = (options: EngineOptions, database: EmbeddedDatabaseOptions) =>
  Layer.provideMerge(engineLayer({ databaseClock: false, ...options }, true, true), layerClient(database))
