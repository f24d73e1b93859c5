/** What the server answers to a button. */
interface Answer {
  readonly message?: string;
  readonly error?: string;
  readonly remedy?: string | null;
}

/** Sends a dialog's form and says in the dialog what came of it; it closes once that was good. */
export async function sendForm(form: HTMLFormElement, path: string): Promise<void> {
  const answer = form.querySelector<HTMLElement>(".answer");
  const submit = form.querySelector<HTMLButtonElement>("button[type=submit]");
  if (submit !== null) submit.disabled = true;
  const { isGood, text } = await post(path, bodyOf(form));
  if (submit !== null) submit.disabled = false;
  if (answer !== null) answer.textContent = text;
  if (!isGood) return;
  form.reset();
  if (answer !== null) answer.textContent = "";
  form.closest("dialog")?.close();
  const done = document.getElementById("done");
  if (done !== null) done.textContent = text;
}

/** Fields of a pace become `name=value`; empty ones are left out. */
function bodyOf(form: HTMLFormElement): object {
  const fields = [...form.querySelectorAll<HTMLInputElement>("input[name]")];
  const settings = fields
    .filter((field) => field.dataset.setting !== undefined && field.value.trim() !== "")
    .map((field) => `${field.name}=${field.value.trim()}`);
  const name = fields.find((field) => field.name === "name" && field.dataset.setting === undefined)?.value;
  return {
    ...(name === undefined ? {} : { name: name.trim() }),
    ...(settings.length > 0 ? { settings } : {}),
  };
}

async function post(
  path: string,
  body: object,
): Promise<{ readonly isGood: boolean; readonly text: string }> {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json", "x-tidefill": "page" },
      body: JSON.stringify(body),
    });
    const { message, error, remedy } = (await response.json()) as Answer;
    if (response.ok) return { isGood: true, text: message ?? "Done." };
    return { isGood: false, text: [error ?? "It was refused.", remedy].filter(Boolean).join(" → ") };
  } catch {
    return { isGood: false, text: "tidefill serve does not answer. Nothing is known to have changed." };
  }
}
