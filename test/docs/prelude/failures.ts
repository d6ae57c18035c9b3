/** What the guides' blocks about failures take for granted: a bank that may be busy. */
import { Context, Effect, Schema } from "effect"
import { Step, Stepped } from "stepped"

export class BankIsBusy extends Schema.TaggedError<BankIsBusy>()("BankIsBusy", {}) {}
export class Bank extends Context.Service<Bank, {
  readonly charge: (cents: number, options: { readonly idempotencyKey: string }) => Effect.Effect<void, BankIsBusy>
}>()("Bank") {}
export const inStep = Stepped.action("inStep").step(() => Effect.map(Step, ({ name }) => name))
