# Completes satchel's subcommands and options, and the names of commands and queries, as its own help
# lists them.
_satchel() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local program=${COMP_WORDS[0]} subcommand='' words i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        --home | --as | --lang) i=$((i + 1)) ;;
        -*) ;;
        *)
            subcommand=${COMP_WORDS[i]}
            break
            ;;
        esac
    done
    case $before in
    --home | --certificate | import | export | attach)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        compopt -o filenames
        return
        ;;
    --lang)
        mapfile -t COMPREPLY < <(compgen -W 'en zh' -- "$word")
        return
        ;;
    esac
    if [[ $word == -* ]]; then
        words=$("$program" ${subcommand:+help "$subcommand"} 2>/dev/null | grep -o -- '--[a-z][a-z-]*' | sort -u)
    elif [ -z "$subcommand" ]; then
        words=$("$program" --help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p')
    elif [ "$before" = do ]; then
        words=$("$program" help commands 2>/dev/null | grep -o '^  [a-z_.]*')
    elif [ "$before" = bundle ]; then
        words='export import'
    elif [ "$before" = ask ]; then
        words=$("$program" help queries 2>/dev/null | grep -o '^  [a-z_.]*')
    else
        words=
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _satchel satchel
