/** What the README's blocks about production take for granted: the definitions of the quick start. */
export { Car } from "../../../examples/quickstart/cars.ts"
import { CarsLive, Garage } from "../../../examples/quickstart/cars.ts"

export const Definitions = [CarsLive, Garage.layer]
