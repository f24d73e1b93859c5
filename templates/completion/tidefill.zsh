#compdef tidefill
# tidefill's completion for zsh. To have it in every shell: tidefill completion zsh >> ~/.zshrc
_tidefill_complete() {
  local -a found
  found=("${(@f)$(SHELL=zsh "${words[1]}" --get-yargs-completions "${(@)words[1,CURRENT]}" 2>/dev/null)}")
  found=(${found:#})
  if (( ${#found} )); then
    _describe 'tidefill' found
  else
    _files
  fi
}
if [[ "${zsh_eval_context[-1]}" == loadautofunc ]]; then
  _tidefill_complete "$@"
else
  compdef _tidefill_complete tidefill
fi
