/**
 * What each shell loads to complete `tidegate`. All three hand the words on as they were typed, never to be evaluated, and read lines of
 * a value, a tab and what it means; a first line ":files" says that files of this machine are meant.
 */
export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** Works in plain bash (3.2 and later): it parts words at : and =, so they are put together again. */
const bash = String.raw`# bash completion of tidegate
_tidegate() {
  local -a words=()
  local rest=$COMP_LINE part raw='' line value i
  COMPREPLY=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    part=${'$'}{COMP_WORDS[i]}
    if ((i > 0)) && [[ -n $rest && $rest != [[:space:]]* ]]; then raw+=$part; else raw=$part; words+=(''); fi
    rest=${'$'}{rest#"${'$'}{rest%%[![:space:]]*}"}
    rest=${'$'}{rest#"$part"}
    value=${'$'}{raw//\\/}
    value=${'$'}{value#[\"\']}
    words[${'$'}{#words[@]} - 1]=${'$'}{value%[\"\']}
  done
  local before=${'$'}{raw%"${'$'}{raw##*[:=]}"}
  while IFS= read -r line; do
    if [[ $line == ':files' ]]; then
      compopt -o default 2>/dev/null
      return
    fi
    value=${'$'}{line%%$'\t'*}
    [[ $value == */ ]] && compopt -o nospace 2>/dev/null
    if [[ $raw == \"* ]]; then
      # What the server calls something is never a command.
      value=${'$'}{value//\\/\\\\}
      value=${'$'}{value//\"/\\\"}
      value=${'$'}{value//\$/\\\$}
      value=${'$'}{value//\`/\\\`}
    elif [[ $raw == \'* ]]; then
      value=${'$'}{value//\'/\'\\\'\'}
    else
      value=${'$'}{value#"$before"}
      printf -v value %q "$value"
    fi
    COMPREPLY+=("$value")
  done < <(tidegate complete -- "${'$'}{words[@]:1}" 2>/dev/null)
}
complete -F _tidegate tidegate
`

const zsh = String.raw`#compdef tidegate
_tidegate() {
  local line value
  local -a values shown folders
  for line in "${'$'}{(@f)$(tidegate complete -- "${'$'}{(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -z $line ]] && continue
    if [[ $line == ':files' ]]; then
      _files
      return
    fi
    value=${'$'}{line%%$'\t'*}
    if [[ $value == */ ]]; then
      folders+=("$value")
    else
      values+=("$value")
      shown+=("${'$'}{line/$'\t'/  -- }")
    fi
  done
  (( $#folders )) && compadd -S '' -a folders
  (( $#values )) && compadd -l -d shown -a values
}
if [[ $funcstack[1] == _tidegate ]]; then _tidegate "$@"; else compdef _tidegate tidegate; fi
`

const fish = String.raw`function __tidegate_complete
  set -l words (commandline -opc) (string unescape -- (commandline -ct))
  set -l found (tidegate complete -- $words[2..-1] 2>/dev/null)
  if test "$found[1]" = ':files'
    __fish_complete_path (commandline -ct)
  else
    printf '%s\n' $found
  end
end
complete -c tidegate -f -a '(__tidegate_complete)'
`

export const scripts: Record<Shell, string> = { bash, zsh, fish }
