/**
 * Stores for what Effect has in memory, Redis and SQL, in the engine's database: rate limits and queues that processes share.
 *
 * It stands apart from `stepped`, so that programs do not load it that have neither.
 *
 * @since 0.1.0
 */
export { layerPersistedQueueStore, type PersistedQueueStoreOptions } from "./persistedQueue.ts"
export { layerRateLimiterStore } from "./rateLimiter.ts"
