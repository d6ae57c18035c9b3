import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Effect, Equal, Exit, Hash, Option, Schema } from "effect"
import { Actor, actorId, ActorRef, decodeActorId } from "../src/Actor.ts"
import { ActorNotFound, DefinitionError } from "../src/SteppedError.ts"

class Car extends Actor<Car>()("Car", { id: Schema.Int }) {}
class Depot extends Actor<Depot>()("Depot", { id: Schema.String }) {}
class Slot extends Actor<Slot>()("Slot", { id: Schema.Struct({ row: Schema.String, day: Schema.Date }) }) {}

describe("a reference to an actor", () => {
  it("has its type and id, and prints as both", () => {
    assert.strictEqual(Car.ref(1).type, "Car")
    assert.strictEqual(Car.ref(1).id, 1)
    assert.strictEqual(String(Car.ref(1)), "Car/1")
    assert.strictEqual(JSON.stringify(Car.ref(1)), `{"type":"Car","id":1}`)
  })

  it("equals another one of the same type and id", () => {
    assert.isTrue(Equal.equals(Car.ref(1), Car.ref(1)))
    assert.isFalse(Equal.equals(Car.ref(1), Car.ref(2)))
    assert.isFalse(Equal.equals(Depot.ref("1"), Car.ref(1)))
    assert.strictEqual(Hash.hash(Car.ref(1)), Hash.hash(Car.ref(1)))
    const day = () => new Date(0)
    assert.isTrue(Equal.equals(Slot.ref({ row: "a", day: day() }), Slot.ref({ row: "a", day: day() })))
  })

  it("is the value of the actor's tag", () => {
    const context = Context.make(Car, Car.ref(1))
    assert.strictEqual(Context.get(context, Car).id, 1)
  })
})

describe("an actor's id as text", () => {
  it("is a string as it is, and the JSON of anything else", () => {
    assert.strictEqual(actorId(Car, 25), "25")
    assert.strictEqual(actorId(Depot, "a/b 25"), "a/b 25")
    assert.strictEqual(actorId(Slot, { row: "a", day: new Date(0) }), `{"day":"1970-01-01T00:00:00.000Z","row":"a"}`)
  })

  it("does not depend on the order of keys", () => {
    const day = new Date(0)
    assert.strictEqual(actorId(Slot, { row: "a", day }), actorId(Slot, { day, row: "a" }))
  })

  it("is read back as the id", () => {
    assert.strictEqual(decodeActorId(Car, "25"), 25)
    assert.strictEqual(decodeActorId(Depot, "25"), "25")
    assert.strictEqual(decodeActorId(Depot, `{"a":1}`), `{"a":1}`)
    assert.deepStrictEqual(decodeActorId(Slot, actorId(Slot, { row: "a", day: new Date(0) })), {
      row: "a",
      day: new Date(0)
    })
    assert.throws(() => decodeActorId(Car, "first"))
    assert.throws(() => decodeActorId(Car, "1.5"))
    assert.throws(() => actorId(Car, 1.5))
  })

  it.effect.prop("is read back whatever the id", [Schema.String, Schema.Int], ([text, number]) =>
    Effect.sync(() => {
      assert.strictEqual(decodeActorId(Depot, actorId(Depot, text)), text)
      assert.strictEqual(decodeActorId(Car, actorId(Car, number)), number)
    }))
})

describe("the schema of references", () => {
  const codec = Schema.toCodecJson(Car.reference)
  class Van extends Actor<Van>()("Van", { extends: Car }) {}
  class Truck extends Actor<Truck>()("Truck", { extends: Van }) {}

  it("encodes to JSON and back", () => {
    const encoded = Schema.encodeUnknownSync(codec)(Car.ref(1))
    assert.deepStrictEqual(encoded, { type: "Car", id: 1 })
    const decoded = Schema.decodeUnknownSync(codec)(encoded)
    assert.instanceOf(decoded, ActorRef)
    assert.isTrue(Equal.equals(decoded, Car.ref(1)))
    const slot = Slot.ref({ row: "a", day: new Date(0) })
    const slots = Schema.toCodecJson(Slot.reference)
    const json = JSON.parse(JSON.stringify(Schema.encodeUnknownSync(slots)(slot)))
    assert.isTrue(Equal.equals(Schema.decodeUnknownSync(slots)(json), slot))
  })

  it("refuses references to other actors, and ids that do not fit", () => {
    assert.throws(() => Schema.encodeUnknownSync(codec)(Depot.ref("a")), /CarReference|reference to a Car/)
    assert.throws(() => Schema.decodeUnknownSync(codec)({ type: "Depot", id: "a" }), /Depot is no Car/)
    assert.throws(() => Schema.decodeUnknownSync(codec)({ type: "Car", id: "a" }))
    assert.throws(() => Schema.decodeUnknownSync(codec)({ id: 1 }))
  })

  it("passes on actors that extend its own, as what they are", () => {
    for (const ref of [Van.ref(1), Truck.ref(1)]) {
      const decoded = Schema.decodeUnknownSync(codec)(Schema.encodeUnknownSync(codec)(ref))
      assert.strictEqual(decoded.type as string, ref.type)
      assert.strictEqual(decoded.id, 1)
    }
    assert.throws(() => Schema.encodeUnknownSync(Schema.toCodecJson(Van.reference))(Car.ref(1)))
  })
})

describe("an actor's row", () => {
  const rowOf = <A, E>(load: (id: number) => Effect.Effect<A, E>) => {
    class Loaded extends Actor<Loaded>()("Loaded", { id: Schema.Int, load }) {}
    return Effect.exit(Effect.provideService(Loaded.row, Loaded, Loaded.ref(7)))
  }
  const missing = Exit.fail(new ActorNotFound({ actor: "Loaded", id: "7" }))

  it.effect("is what the loader gives for the current actor's id", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* rowOf((id) => Effect.succeed({ id })), Exit.succeed({ id: 7 }))
      assert.deepStrictEqual(yield* rowOf((id) => Effect.succeed(Option.some(id))), Exit.succeed(7))
      assert.deepStrictEqual(yield* rowOf(() => Effect.succeed(0)), Exit.succeed(0))
    }))

  it.effect("is missing in every way that a loader says so", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* rowOf(() => Effect.succeed(null)), missing)
      assert.deepStrictEqual(yield* rowOf(() => Effect.succeed(undefined)), missing)
      assert.deepStrictEqual(yield* rowOf(() => Effect.succeedNone), missing)
      assert.deepStrictEqual(yield* rowOf(() => Effect.fail(new Cause.NoSuchElementError())), missing)
    }))

  it.effect("fails as the loader does", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* rowOf(() => Effect.fail("down")), Exit.fail("down"))
    }))

  it.effect("is loaded anew each time, through an actor that extends as well", () => {
    let loads = 0
    class Base extends Actor<Base>()("Base", { id: Schema.Int, load: (id) => Effect.sync(() => [id, ++loads]) }) {}
    class Extending extends Actor<Extending>()("Extending", { extends: Base }) {}
    return Effect.gen(function*() {
      assert.deepStrictEqual(yield* Base.row, [3, 1])
      assert.deepStrictEqual(yield* Base.row, [3, 2])
    }).pipe(Effect.provideService(Base, Extending.ref(3) as never))
  })
})

describe("an actor's definition", () => {
  it("has a name that fits into keys and paths", () => {
    for (const name of ["", "1", "a/b", "a b", "é", "a".repeat(101)]) {
      assert.throws(() => Actor<Car>()(name, { id: Schema.Int }), DefinitionError, "cannot name an actor")
    }
    for (const name of ["a", "_a", "Car.v2-x", "a".repeat(100)]) {
      assert.strictEqual(Actor<Car>()(name, { id: Schema.Int }).type, name)
    }
  })
})
