/** Times and lengths of time, as people read them. */
import { now } from "./live.ts"
import { times, zone } from "./settings.ts"

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** Two units at most: `2 h 5 min`. */
export const lasting = (ms: number): string => {
  const size = Math.abs(ms)
  if (size < second) return `${Math.round(size)} ms`
  if (size < 10 * second) return `${(size / second).toFixed(1)} s`
  if (size < minute) return `${Math.floor(size / second)} s`
  const two = (large: number, largeName: string, small: number, smallName: string) => {
    const whole = Math.floor(size / large)
    const rest = Math.floor((size - whole * large) / small)
    return rest === 0 || whole >= 100 ? `${whole} ${largeName}` : `${whole} ${largeName} ${rest} ${smallName}`
  }
  if (size < hour) return two(minute, "min", second, "s")
  return size < day ? two(hour, "h", minute, "min") : two(day, "d", hour, "h")
}

/** One unit: `5 min ago`, `in 2 h`. */
export const distance = (ms: number): string => {
  const size = Math.abs(ms)
  if (size < 2 * second) return "now"
  const text = size < minute
    ? `${Math.floor(size / second)} s`
    : size < hour
    ? `${Math.floor(size / minute)} min`
    : size < day
    ? `${Math.floor(size / hour)} h`
    : `${Math.floor(size / day)} d`
  return ms < 0 ? `${text} ago` : `in ${text}`
}

const two = (part: number): string => String(part).padStart(2, "0")
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

/** `29 Nov 2026, 18:40:12.345`, in the zone that was chosen. */
export const written = (at: string | number, isShort = false): string => {
  const date = new Date(at)
  const isUtc = zone.value === "utc"
  const [year, month, of, hours, minutes, seconds] = isUtc
    ? [
      date.getUTCFullYear(),
      date.getUTCMonth(),
      date.getUTCDate(),
      date.getUTCHours(),
      date.getUTCMinutes(),
      date.getUTCSeconds()
    ]
    : [date.getFullYear(), date.getMonth(), date.getDate(), date.getHours(), date.getMinutes(), date.getSeconds()]
  const time = `${two(hours)}:${two(minutes)}:${two(seconds)}`
  const days = `${of} ${months[month]}`
  if (isShort) return `${days} ${time}`
  return `${days} ${year}, ${time}.${String(date.getUTCMilliseconds()).padStart(3, "0")}${isUtc ? " UTC" : ""}`
}

/** `18:40`, in the zone that was chosen. */
export const clock = (at: number): string => {
  const date = new Date(at)
  const isUtc = zone.value === "utc"
  const hours = isUtc ? date.getUTCHours() : date.getHours()
  const minutes = isUtc ? date.getUTCMinutes() : date.getMinutes()
  const seconds = date.getUTCSeconds()
  return `${two(hours)}:${two(minutes)}${seconds === 0 ? "" : `:${two(seconds)}`}`
}

/** How long ago, or how soon; or when, for who wants that of all of them, and has no mouse to ask for it of one. */
export const Ago = ({ at }: { readonly at: string | number | undefined }) =>
  at === undefined
    ? null
    : (
      <time class="ago" dateTime={new Date(at).toISOString()} title={written(at)}>
        {times.value === "exact" ? written(at, true) : distance(new Date(at).getTime() - now.value)}
      </time>
    )

/** When, and how long ago. */
export const When = ({ at }: { readonly at: string }) => (
  <time dateTime={new Date(at).toISOString()}>
    {written(at)} <span class="soft">({distance(new Date(at).getTime() - now.value)})</span>
  </time>
)

/** A time as the engine writes it, and how far that was from then on. */
const spokenTime = /(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)(?: \([^)]*\))?/

/** What the engine says in words: its times are shown as all others are. */
export const Spoken = ({ text }: { readonly text: string }) => (
  <>
    {text.split(spokenTime).map((part, i) =>
      i % 2 === 0 || Number.isNaN(Date.parse(part))
        ? part
        : (
          <time key={i} dateTime={part} title={written(part)}>
            {written(part, true)} ({distance(Date.parse(part) - now.value)})
          </time>
        )
    )}
  </>
)

/** From one to the other, or until now. */
export const Lasting = (
  { from, until }: { readonly from: string | undefined; readonly until?: string | undefined }
) => {
  if (from === undefined) return null
  const ms = (until === undefined ? now.value : new Date(until).getTime()) - new Date(from).getTime()
  return <span class={until === undefined ? "lasting running" : "lasting"}>{lasting(Math.max(0, ms))}</span>
}
