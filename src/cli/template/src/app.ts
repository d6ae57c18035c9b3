/** What `stepped dev` and `stepped worker` run. */
import { Stepped } from "stepped"
import { Orders } from "./orders.ts"

export const stepped = Stepped.app({ actions: Orders.layer })
