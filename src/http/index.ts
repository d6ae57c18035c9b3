/**
 * HTTP: what operators look at and ask for, as an API with a typed client; and what other systems send.
 *
 * It stands apart from `stepped`, so that programs do not load it that do not serve it.
 *
 * @since 0.1.0
 */
export * as ActionProxy from "./ActionProxy.ts"
export * as ActionProxyServer from "./ActionProxyServer.ts"
export { Api } from "./Api.ts"
export { authorization, loopback } from "./authorization.ts"
export { deliver, deliveries, DeliveryFailed, DeliveryRefused, Receiver, type ReceiverAddress } from "./Deliveries.ts"
export { type ActionEndpoints, endpoints } from "./Endpoints.ts"
export {
  BadRequest,
  Conflict,
  DatabaseUnavailable,
  Forbidden,
  NotFound,
  QueryTimedOut,
  TooLarge,
  Unauthorized,
  Unprocessable
} from "./HttpError.ts"
export { layer, type LayerOptions, type ServerServices } from "./layer.ts"
export { Authorization, Operator } from "./Operator.ts"
export type { OutsideLimits } from "./outside.ts"
export { receiving } from "./receiving.ts"
export { completes, ignores, sends, webhook, type WebhookOptions, type WebhookTarget } from "./Webhook.ts"
