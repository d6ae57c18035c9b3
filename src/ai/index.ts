/**
 * Actions as tools of language models, for the toolkits of `effect/ai`.
 *
 * It stands apart from `stepped`, so that programs do not load it that ask no model.
 *
 * @since 0.1.0
 */
export { type ActionTool, type CallOptions, tool, type ToolCall, type ToolHandler, type ToolOptions } from "./tool.ts"
