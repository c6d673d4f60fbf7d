# Completes satcheld's commands and options, as its own help lists them.
_satcheld() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local program=${COMP_WORDS[0]} words
    case $before in
    --data | --to | --from | --follow | --archive | --config | --certificate | --key)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        compopt -o filenames
        return
        ;;
    esac
    if [ "$COMP_CWORD" -eq 1 ]; then
        words=$("$program" help 2>/dev/null | sed -n 's/^  satcheld \([a-z]*\).*/\1/p')
    else
        words=$("$program" help 2>/dev/null | grep -o -- '--[a-z][a-z-]*' | sort -u)
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _satcheld satcheld
