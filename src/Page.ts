/**
 * Pages: which one is asked for, and what one has.
 *
 * @since 0.1.0
 */

/**
 * Which page.
 *
 * @category models
 * @since 0.1.0
 */
export interface Page {
  /** At most so many, 100 if not given, 10,000 at most. */
  readonly limit?: number | undefined
  /** `next` of the page before. */
  readonly after?: string | undefined
}

/**
 * A page of actions, newest first.
 *
 * @category models
 * @since 0.1.0
 */
export interface Listing<out A> {
  readonly items: ReadonlyArray<A>
  /** Where the next page goes on; none after the last. */
  readonly next: string | undefined
  /**
   * What was enqueued before this, by the time in its id, was not looked at: there were 100,000 younger ones to look through, and fewer of them are so than the page holds, or none. `next` goes on
   * from there. Nothing where the page is full, and where there is no more.
   */
  readonly lookedUntil: Date | undefined
}
