/** Nobody is known: a credential is exchanged for a cookie. */
import { useEffect, useRef, useState } from "preact/hooks"
import { messageOf, post } from "../api.ts"
import { isUnknown } from "../live.ts"
import { Trouble } from "../parts.tsx"

export const SignIn = () => {
  const [token, setToken] = useState("")
  const [error, setError] = useState<string>()
  const field = useRef<HTMLInputElement>(null)
  // it has come in the place of everything else
  useEffect(() => field.current?.focus(), [])
  const signIn = (event: Event) => {
    event.preventDefault()
    post("session", undefined, { authorization: `Bearer ${token}` }).then(() => {
      isUnknown.value = false
    }, (failure: unknown) => setError(messageOf(failure)))
  }
  return (
    <main class="sign-in">
      <h1>Who are you?</h1>
      <p>The server lets in who has a token. It is kept in a cookie that scripts cannot read.</p>
      <form onSubmit={signIn}>
        <label>
          Token
          <input
            ref={field}
            type="password"
            autocomplete="off"
            required
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        {error === undefined ? null : <Trouble>{error}</Trouble>}
        <button type="submit" class="primary">Sign in</button>
      </form>
    </main>
  )
}
