/** The text of a JSON value with the keys of its objects sorted: one text for one value, however it was put together. */
export const canonicalText = (json: unknown): string =>
  JSON.stringify(json, (_key, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1))
      : value) ?? "null"
