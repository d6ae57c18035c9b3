/** Who may what, by role. */
import { type Role, roles } from "./table.ts"

/** Whether one of these roles is enough: who may more, may less. */
export const isAllowed = (has: ReadonlyArray<Role>, needed: Role): boolean =>
  has.some((role) => roles.indexOf(role) >= roles.indexOf(needed))

/** What somebody has, in words. */
export const rolesText = (has: ReadonlyArray<Role>): string => has.length === 0 ? "no role" : has.join(", ")
