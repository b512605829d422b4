/** The two scripts of `tide completion`. They know nothing of tide but how to ask it. */

/** Works with bash 3.2 (macOS): no compopt there, no negative indexes, no mapfile. */
export const bashCompletion = `# bash completion for tide: eval "$(tide completion bash)"
_tide_complete() {
  local line=\${COMP_LINE:0:COMP_POINT} current prefix= candidate
  local -a words=()
  # Not COMP_WORDS: bash breaks words at = and :, as in status=doing.
  read -r -a words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  current=\${words[\${#words[@]} - 1]}
  # Bash replaces only what follows the last = or :, so only that is offered.
  [[ $current == *[=:]* ]] && prefix=\${current%"\${current##*[=:]}"}
  COMPREPLY=()
  while IFS=$'\\t' read -r candidate _; do
    COMPREPLY+=("\${candidate#"$prefix"}")
  done < <("$1" __complete -- "\${words[@]:1}" 2>/dev/null)
  if [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]] && type compopt > /dev/null 2>&1; then
    compopt -o nospace
  fi
}
complete -o bashdefault -o default -F _tide_complete tide tidemark
`

export const zshCompletion = `#compdef tide tidemark
# zsh completion for tide: eval "$(tide completion zsh)" after compinit
_tide() {
  local line value about
  local -a closed open
  for line in "\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] || continue
    value=\${line%%$'\\t'*}
    about=\${line#*$'\\t'}
    if [[ $value == *= ]]; then
      open+=("$value")
    else
      closed+=("\${value//:/\\\\:}\${about:+:$about}")
    fi
  done
  (( \${#open} )) && compadd -S '' -a open
  if (( \${#closed} )); then
    _describe -t tide tide closed
  elif (( ! \${#open} )); then
    _files
  fi
}
if [[ $funcstack[1] == _tide ]]; then
  _tide "$@"
else
  compdef _tide tide tidemark
fi
`
