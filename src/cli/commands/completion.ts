import { defineCommand } from "../options/define-command.ts";
import { printScript } from "../terminal/output.ts";

/** `tidefill completion [shell]` */
export const completionCommand = defineCommand({
  command: "completion [shell]",
  describe: "print a script by which bash or zsh complete commands, options and jobs",
  builder: (yargs) =>
    yargs.positional("shell", {
      choices: ["bash", "zsh"] as const,
      describe: "the shell (that of $SHELL when not given)",
    }),
  handler: async ({ shell }) => {
    const isZsh = shell === "zsh" || (shell === undefined && (process.env.SHELL ?? "").includes("zsh"));
    printScript(isZsh ? zshScript : bashScript);
  },
});

// The program is asked by the name under which it was typed, so a path to it is completed too. `SHELL` says what to answer:
// zsh takes descriptions.
const bashScript = `# tidefill's completion for bash. To have it in every shell: tidefill completion bash >> ~/.bashrc
_tidefill_complete() {
  local word
  COMPREPLY=()
  while IFS= read -r word; do
    [[ $word == "\${COMP_WORDS[COMP_CWORD]}"* ]] && COMPREPLY+=("$word")
  done < <(SHELL=bash "\${COMP_WORDS[0]}" --get-yargs-completions "\${COMP_WORDS[@]:0:COMP_CWORD+1}" 2>/dev/null)
}
complete -o default -F _tidefill_complete tidefill`;

const zshScript = `#compdef tidefill
# tidefill's completion for zsh. To have it in every shell: tidefill completion zsh >> ~/.zshrc
_tidefill_complete() {
  local -a found
  found=("\${(@f)$(SHELL=zsh "\${words[1]}" --get-yargs-completions "\${(@)words[1,CURRENT]}" 2>/dev/null)}")
  found=(\${found:#})
  if (( \${#found} )); then
    _describe 'tidefill' found
  else
    _files
  fi
}
if [[ "\${zsh_eval_context[-1]}" == loadautofunc ]]; then
  _tidefill_complete "$@"
else
  compdef _tidefill_complete tidefill
fi`;
