/** Who acts: cars and taxis with a row each in the program's own table, and users. */
import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { Stepped } from "stepped"

export const createTables = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`create table cars (
    id int primary key,
    location text not null default 'home',
    mileage int not null default 0,
    honks int not null default 0,
    last_visited_at timestamptz
  )`
})

// #region loader
interface CarRow {
  readonly location: string
  readonly mileage: number
  readonly honks: number
}

const findCar = Effect.fnUntraced(function*(id: number) {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<CarRow>`select location, mileage, honks from cars where id = ${id}`
  return row
})

/** `yield* Car` is the reference to the current car, `yield* Car.row` its row, loaded anew each time. */
export class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int, load: findCar }) {}
// #endregion

// #region extends
/** A car with actions of its own, beside those of all cars. */
export class Taxi extends Stepped.Actor<Taxi>()("Taxi", { extends: Car }) {}
// #endregion

export class User extends Stepped.Actor<User>()("User", { id: Schema.Int }) {}
