/** The keyboard keeps its place: where what had it goes away, as a button of a verb does that makes no sense any more, it is around there. */
import { useEffect } from "preact/hooks"

/** What has had the keyboard last, with all that it is in, from the inside out. */
const held = { chain: [] as ReadonlyArray<HTMLElement> }

const chainOf = (element: Element, root: Element): ReadonlyArray<HTMLElement> => {
  const chain: Array<HTMLElement> = []
  for (let at: Element | null = element; at !== null; at = at === root ? null : at.parentElement) {
    if (at instanceof HTMLElement) chain.push(at)
  }
  return chain
}

const isNowhere = (): boolean => document.activeElement === null || document.activeElement === document.body

/** Gives the keyboard to what is around the place where it was, if that is gone. */
const giveBack = (): void => {
  const [last] = held.chain
  if (last === undefined || last.isConnected || !isNowhere()) return
  const around = held.chain.find((one) => one.isConnected && one.matches("section, main"))
  if (around === undefined) return
  // it can be given the keyboard, and is passed by who goes on with Tab
  if (!around.hasAttribute("tabindex")) around.tabIndex = -1
  around.focus({ preventScroll: true })
}

/** Now, and when the browser has drawn: what a closed dialog has had it takes note of only then. */
export const keepFocus = (): void => {
  if (held.chain[0]?.isConnected !== false) return
  giveBack()
  requestAnimationFrame(() => setTimeout(giveBack))
}

/** As long as there is something in the page. */
export const useKeptFocus = (root: () => HTMLElement | null, again: unknown): void => {
  useEffect(() => {
    const element = root()
    if (element === null) return
    const come = ({ target }: FocusEvent) => {
      if (target instanceof Element) held.chain = chainOf(target, element)
    }
    const gone = () => {
      // who has clicked on nothing wants nothing to have the keyboard
      setTimeout(() => {
        if (isNowhere() && held.chain[0]?.isConnected === true) held.chain = []
      })
    }
    const changes = new MutationObserver(keepFocus)
    element.addEventListener("focusin", come)
    element.addEventListener("focusout", gone)
    changes.observe(element, { childList: true, subtree: true })
    return () => {
      element.removeEventListener("focusin", come)
      element.removeEventListener("focusout", gone)
      changes.disconnect()
    }
  }, [again])
}
