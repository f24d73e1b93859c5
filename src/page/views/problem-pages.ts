import { html } from "hono/html";
import type { Access } from "../access/access.ts";
import { withCommands } from "./parts.ts";
import type { View } from "./view.ts";

/** What is shown where a page cannot be made. */
export function problemPage(title: string, message: string, remedy: string | undefined): View {
  return {
    title,
    body: html`<h1>${title}</h1><p class="why failed">${message}</p>
${remedy === undefined ? "" : html`<p class="remedy">→ ${withCommands(remedy)}</p>`}`,
  };
}

/** What a person without a session is shown. */
export function signInPage({ howToSignIn, hasForm }: Access, isWrong: boolean): View {
  return {
    title: "Sign in",
    body: html`<h1>Sign in</h1>
${isWrong ? html`<p class="why failed" role="alert">That token is not valid, or was used before.</p>` : ""}
<p>${howToSignIn}</p>
${hasForm ? html`<form method="post" action="/sign-in"><label>Token <input type="password" name="token" autocomplete="current-password" required></label> <button type="submit" class="primary">Sign in</button></form>` : ""}`,
  };
}
