/** What is stored of an encrypted value: its form, which keys open it, and that nothing else does. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Schema } from "effect"
import { createCipheriv, createHmac, hkdfSync } from "node:crypto"
import { DefinitionError, type EncryptionKey, Stepped } from "stepped"
import { codecOf } from "../src/domain/Codec.ts"

const key = (name: string, fill: number): EncryptionKey => ({
  name,
  secret: Redacted.make(Buffer.alloc(32, fill).toString("base64"))
})
const Card = Schema.Struct({ number: Schema.String, expires: Schema.Date })
const card = { number: "4111-1111", expires: new Date(0) }
const json = JSON.stringify({ number: "4111-1111", expires: "1970-01-01T00:00:00.000Z" })
const one = key("one", 1)
const two = key("two", 2)
const of = (...keys: ReadonlyArray<EncryptionKey>) => codecOf(Stepped.encryption(keys).encrypted("Order.card", Card))
const failing = (codec: ReturnType<typeof of>, stored: unknown) => Effect.map(Effect.flip(codec.decode(stored)), String)

/** The same by another implementation: what is stored has to be read for as long as it is there. */
const sealed = (name: string, fill: number, field: string, text: string, nonce = Buffer.alloc(12, 9)) => {
  const secret = Buffer.from(hkdfSync("sha256", Buffer.alloc(32, fill), "", "stepped aes-256-gcm", 32))
  const cipher = createCipheriv("aes-256-gcm", secret, nonce)
  cipher.setAAD(Buffer.from(`stepped1.${name}.${field}`))
  const data = Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()])
  return `stepped1.${name}.${data.toString("base64url")}`
}

describe("what is stored of an encrypted value", () => {
  it.effect("22.1: is opened as another implementation has made it, and as this one did", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* of(one).decode(sealed("one", 1, "Order.card", json)), card)
      // made once and for all: a change of the form would not open it
      const before =
        "stepped1.one.CQkJCQkJCQkJCQkJMxwaBMKWsKoax7YdJ77Dn2Q71aJQGOZHfTfaVY6Z84cLTrCxMnhKuW45qHgKxcTFsYYg4kc8vmw5wY2zmS2-FAR9G7V1KngXGxqP"
      assert.deepStrictEqual(yield* of(one).decode(before), card)
      const stored = yield* of(one).encode(card)
      assert.deepStrictEqual(yield* of(one).decode(stored), card)
    }))

  it.effect("22.1: is a text of another nonce each time, with the names of form and key in clear, and nothing else", () =>
    Effect.gen(function*() {
      const codec = of(one)
      const nonces = new Set<string>()
      for (let n = 0; n < 200; n++) {
        const stored = String(yield* codec.encode(card))
        const [form, name, data, ...more] = stored.split(".")
        assert.deepStrictEqual([form, name, more], ["stepped1", "one", []])
        const bytes = Buffer.from(data!, "base64url")
        assert.strictEqual(bytes.length, 12 + json.length + 16)
        nonces.add(bytes.subarray(0, 12).toString("hex"))
        assert.notInclude(bytes.toString("latin1"), "4111")
        // as long as is said: base64's growth, and what stands before
        assert.isAtMost(stored.length, Math.ceil((json.length + 28) * 4 / 3) + 10 + "one".length)
      }
      assert.strictEqual(nonces.size, 200)
    }))

  it.effect("22.1: is encrypted with the first key, and opened with any: keys are changed by putting a new one first", () =>
    Effect.gen(function*() {
      const old = yield* of(one).encode(card)
      const both = of(two, one)
      assert.deepStrictEqual(yield* both.decode(old), card)
      const stored = String(yield* both.encode(card))
      assert.match(stored, /^stepped1\.two\./)
      assert.deepStrictEqual(yield* of(two).decode(stored), card)
      for (const text of [yield* failing(of(two), old), yield* failing(of(one), stored)]) {
        assert.include(text, "Order.card is not what one of the keys has encrypted for it")
      }
      // a key of the same name that is another one
      assert.include(yield* failing(of(key("one", 3)), old), "is not what one of the keys")
    }))

  it.effect("22.1: is opened by nothing once any of its bytes is another one", () =>
    Effect.gen(function*() {
      const codec = of(one, two)
      const stored = String(yield* codec.encode(card))
      const data = Buffer.from(stored.split(".")[2]!, "base64url")
      // nonce, text and tag
      for (let at = 0; at < data.length; at++) {
        const altered = Buffer.from(data)
        altered[at]! ^= 1 << (at % 8)
        const text = yield* failing(codec, `stepped1.one.${altered.toString("base64url")}`)
        assert.include(text, "is not what one of the keys", `byte ${at}`)
        assert.notInclude(text, "4111")
      }
      for (
        const text of [
          stored.replace("one", "two"),
          stored.replace("one", "three"),
          stored.replace("stepped1", "stepped2"),
          stored.slice(0, -1),
          `${stored}A`,
          stored.slice(0, 40),
          `${stored.slice(0, 20)}+${stored.slice(21)}`,
          "stepped1.one.",
          "",
          json
        ]
      ) assert.include(yield* failing(codec, text), "is not what one of the keys", text)
      for (const other of [null, 7, { number: "4111-1111", expires: 0 }]) {
        assert.strictEqual((yield* Effect.exit(codec.decode(other)))._tag, "Failure")
      }
    }))

  it.effect("22.1: opens for its field alone", () =>
    Effect.gen(function*() {
      const { encrypted } = Stepped.encryption([one])
      const iban = codecOf(encrypted("Order.iban", Card))
      assert.include(yield* failing(iban, yield* of(one).encode(card)), "Order.iban is not what one of the keys")
    }))

  it.effect("22.1: that does not fit its schema any more says so, and nothing of the value", () =>
    Effect.gen(function*() {
      const { encrypted } = Stepped.encryption([one])
      const text = yield* failing(
        codecOf(encrypted("Order.card", Schema.Struct({ number: Schema.Int }))),
        yield* of(one).encode(card)
      )
      assert.include(text, "Order.card was decrypted, and does not fit its schema")
      assert.notInclude(text, "4111")
    }))

  it.effect("22.2: is told from others by a digest of the last key, whatever was put before it, in whichever order a value's fields stand", () =>
    Effect.gen(function*() {
      const [own, changed] = [of(one), of(two, one)]
      const id = yield* own.identify(card, yield* own.encode(card))
      assert.strictEqual(yield* own.identify(card, "another text"), id)
      assert.strictEqual(yield* changed.identify({ expires: new Date(0), number: "4111-1111" }, "another text"), id)
      assert.notStrictEqual(yield* own.identify({ ...card, number: "4111-1112" }, "another text"), id)
      // deployed behind the first before it is that
      const known = codecOf(Stepped.encryption([one, two], { digestKey: "one" }).encrypted("Order.card", Card))
      assert.strictEqual(yield* known.identify(card, "another text"), id)
      const mac = Buffer.from(hkdfSync("sha256", Buffer.alloc(32, 1), "", "stepped hmac-sha-256", 32))
      const sum = createHmac("sha256", mac).update(
        "Order.card\n{\"expires\":\"1970-01-01T00:00:00.000Z\",\"number\":\"4111-1111\"}"
      )
      assert.strictEqual(id, `stepped1.digest.${sum.digest("base64url")}`)
      // and a digest opens nothing
      assert.include(yield* failing(own, id), "is not what one of the keys")
    }))

  it("22.1: needs keys and fields that can be used, and says which cannot, and nothing of a secret", () => {
    const secret = Redacted.make("hush")
    for (
      const [make, words] of [
        [() => Stepped.encryption([]), "no keys are given"],
        [() => Stepped.encryption([{ name: "a b", secret }]), "the key \"a b\" is named by 1 to 32 letters"],
        [() => Stepped.encryption([{ name: "a", secret }]), "the key \"a\" has 3 bytes: give 32 as base64"],
        [() => Stepped.encryption([one, one]), "two keys have one name"],
        [() => Stepped.encryption([one], { digestKey: "two" }), "digestKey \"two\" names none of the keys"],
        [() => Stepped.encryption([one]).encrypted("a b", Card), "the field \"a b\" is named by"]
      ] as const
    ) {
      try {
        make()
        assert.fail("it takes them")
      } catch (error) {
        assert.instanceOf(error, DefinitionError)
        assert.include((error as DefinitionError).message, words)
        assert.notInclude((error as DefinitionError).message, "hush")
      }
    }
  })
})
