/** What an action says itself, in place of the engine's settings (rule 7.2). Whoever performs asks here, once, before any code of it runs. */
import type { Runnable } from "../Runnable.ts"
import type { Settings } from "../Settings.ts"
import type { Surroundings } from "./Surroundings.ts"

/** The engine's settings, as far as the action has none of its own. */
export const settingsOf = (
  { definition: { unanswered } }: Pick<Runnable, "definition">,
  settings: Settings["Service"]
): Settings["Service"] =>
  unanswered === undefined ? settings : {
    ...settings,
    handledDefects: unanswered.handledDefects ?? settings.handledDefects,
    retry: unanswered.retry ?? settings.retry,
    attempts: unanswered.attempts ?? settings.attempts
  }

/** What performing it has of the engine. */
export const surroundingsOf = (runnable: Pick<Runnable, "definition">, env: Surroundings): Surroundings => {
  const settings = settingsOf(runnable, env.settings)
  return settings === env.settings ? env : { ...env, settings }
}
