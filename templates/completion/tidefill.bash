# tidefill's completion for bash. To have it in every shell: tidefill completion bash >> ~/.bashrc
_tidefill_complete() {
  local word
  COMPREPLY=()
  while IFS= read -r word; do
    [[ $word == "${COMP_WORDS[COMP_CWORD]}"* ]] && COMPREPLY+=("$word")
  done < <(SHELL=bash "${COMP_WORDS[0]}" --get-yargs-completions "${COMP_WORDS[@]:0:COMP_CWORD+1}" 2>/dev/null)
}
complete -o default -F _tidefill_complete tidefill
