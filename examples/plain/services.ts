/** What the program has already: functions that give promises. */

export const bank = {
  charge: async (
    cents: number,
    { idempotencyKey, signal }: { readonly idempotencyKey: string; readonly signal: AbortSignal }
  ): Promise<{ readonly receipt: string } | { readonly declined: string }> => {
    signal.throwIfAborted()
    if (idempotencyKey === "") throw new Error("a charge needs a key")
    return cents > 10_000 ? { declined: "over the limit" } : { receipt: `receipt over ${cents} cents` }
  }
}

export const mail = {
  send: async (order: number, text: string): Promise<void> => console.log(`mail about order ${order}: ${text}`)
}
