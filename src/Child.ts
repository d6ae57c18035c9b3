/**
 * What a step's body holds while its children have not run, and what later steps receive in its place.
 *
 * @since 0.1.0
 */

declare const ChildResult: unique symbol

/**
 * Stands for a child's result inside the body that enqueued it.
 *
 * **Details**
 *
 * The step's value may hold children anywhere; later steps receive their results in the same places.
 *
 * **Gotchas**
 *
 * It is no value yet: the body has ended when the child performs.
 *
 * @category models
 * @since 0.1.0
 */
export class Child<out A> {
  declare readonly [ChildResult]: A
  /** Position among the things that the step waits for. */
  readonly slot: number

  /** @internal */
  constructor(slot: number) {
    this.slot = slot
  }

  toString(): string {
    return `Child(${this.slot}), whose result only later steps receive`
  }
}

/**
 * Makes the stand-in for the child in a slot.
 *
 * @internal
 */
export const makeChild = (slot: number): Child<any> => new Child(slot)

/**
 * Tests whether a value stands for a child's result.
 *
 * @category guards
 * @since 0.1.0
 */
export const isChild = (u: unknown): u is Child<unknown> => u instanceof Child

type Primitive = string | number | bigint | boolean | symbol | null | undefined | void

// The depth ends the search in recursive types; nobody nests children deeper.
type HasChild<A, Depth extends ReadonlyArray<unknown> = []> = Depth["length"] extends 5 ? never
  : 0 extends 1 & A ? never
  : A extends Child<any> ? true
  : A extends Primitive | ((...args: any) => any) ? never
  : A extends ReadonlyArray<infer I> ? HasChild<I, [...Depth, 0]>
  : { [K in keyof A]-?: HasChild<A[K], [...Depth, 0]> }[keyof A]

/**
 * A step's value with every child replaced by its result.
 *
 * **Details**
 *
 * Opens only what holds a child: dates, options, brands, classes and maps stay what they are.
 *
 * @category models
 * @since 0.1.0
 */
export type Settled<A> = A extends Child<infer B> ? B
  : true extends HasChild<A> ? { readonly [K in keyof A]: Settled<A[K]> }
  : A

/**
 * The part of a type that JSON gives back as it was; children count as storable whatever their results are, since their
 * own schemas store those.
 *
 * @category models
 * @since 0.1.0
 */
export type Storable<A> = A extends Child<any> | string | number | boolean | null | undefined | void ? A
  : A extends bigint | symbol | ((...args: any) => any) ? never
  : A extends ReadonlyArray<infer I> ? [I] extends [Exclude<I, undefined>] ? { [K in keyof A]: Storable<A[K]> } : never
  : A extends object ? { [K in keyof A]: Storable<A[K]> }
  : never
