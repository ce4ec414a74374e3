#!/usr/bin/env bash
# Runs every exam program with its real runtime and keeps what it wrote to stderr.
#
# The sources are copied to /srv/app/LANGUAGE first and run there, so that the paths that runtimes
# print are the ones a container would print. Name languages to limit the work:
#   ./regenerate.sh python go
# The expectations (*.expect.json) are written by hand and not touched. A line number in one may need
# a new look when another release of a runtime prints more or fewer lines.
set -u
mkdir -p /srv/app
here=$(cd "$(dirname "$0")" && pwd)
PYENV=${PYENV:-$HOME/.pyenv/versions}

# keep LANGUAGE CASE COMMAND…: runs COMMAND in /srv/app/LANGUAGE and keeps its stderr.
keep() {
    local language=$1 name=$2
    shift 2
    (cd "/srv/app/$language" && timeout 120 "$@" 2>&1 >/dev/null </dev/null) |
        sed -e "s#$PYENV/\([0-9.]*\)/lib#/usr/local/lib#g" -e "s#$HOME#/srv/home#g" >"$here/$language/$name.txt"
    echo "$language/$name: $(wc -l <"$here/$language/$name.txt") lines"
}

python() {
    local row
    for row in web_handler:3.8.18 billing_chain:3.10.13 cleanup_during:3.13.0 worker_thread:3.9.18 \
        never_awaited:3.12.1 group_upload:3.12.1 deep_json:3.11.7 multi_line_message:3.13.0 empty_assert:3.8.18 \
        broken_config:3.10.13 logged_and_goes_on:3.11.7 notes_and_unicode:3.13.0 fatal_segv:3.12.1 two_crashes:3.9.18 \
        package_error:3.8.18 generator_stop:3.11.7 exec_hook_json:3.13.0 unraisable_del:3.12.1 group_lines:3.11.7 pool_result:3.6.15 late_words:3.13.0; do
        keep python "${row%%:*}" "$PYENV/${row##*:}/bin/python" "/srv/app/python/${row%%:*}.py"
    done
}

javascript() {
    local source name
    for source in /srv/app/javascript/*js; do
        name=$(basename "$source")
        keep javascript "${name%.*}" node --max-old-space-size=64 "$name"
    done
}

# Go programs are single main packages of one module; the source of CASE is go/cmd_CASE/main.go.
go() {
    local folder
    for folder in /srv/app/go/cmd_*; do
        (cd /srv/app/go && GOTOOLCHAIN=local command go build -gcflags=all=-l -o "/srv/app/go/bin/" "./$(basename "$folder")")
        keep go "${folder##*/cmd_}" "/srv/app/go/bin/$(basename "$folder")"
    done
}

jvm() {
    local source name class
    cd /srv/app/jvm && mkdir -p classes
    javac -d classes ./*.java
    for source in ./*.java; do
        name=$(basename "$source" .java)
        class=$(sed -n 's/^package \(.*\);/\1./p' "$source")$name
        keep jvm "$name" java -Xmx64m -cp classes "$class"
    done
    kotlinc coroutine.kt -d kotlin.jar 2>/dev/null
    keep jvm coroutine kotlin -classpath kotlin.jar com.acme.kotlin.CoroutineKt
    scalac -d classes matching.scala
    keep jvm matching scala -classpath classes com.acme.scalashop.Ledger
}

rust() {
    local source name mode
    cd /srv/app/rust
    for source in *.rs; do
        name=${source%.rs}
        case $name in inventory | refcell | drop_panic) mode=1 ;; full_trace) mode=full ;; *) mode=0 ;; esac
        rustc --edition 2021 -g -A warnings -o "$name" "$source"
        keep rust "$name" env RUST_BACKTRACE=$mode "./$name"
    done
}

ruby() {
    local source
    for source in *.rb; do keep ruby "${source%.rb}" ruby "/srv/app/ruby/$source"; done
}

php() {
    local source
    for source in *.php; do keep php "${source%.php}" php -d display_errors=stderr -d log_errors=0 -d zend.assertions=1 "/srv/app/php/$source"; done
    for source in namespaced memory_limit; do
        keep php "${source}_logged" php -d display_errors=0 -d log_errors=1 -d error_log= "/srv/app/php/$source.php"
    done
}

perl() {
    local source
    for source in *.pl; do keep perl "${source%.pl}" perl "/srv/app/perl/$source"; done
}

elixir() {
    local source
    for source in *.exs; do keep elixir "${source%.exs}" env LC_ALL=C.UTF-8 elixir "/srv/app/elixir/$source"; done
    for source in *.erl; do keep elixir "${source%.erl}" escript "/srv/app/elixir/$source"; done
}

# Mono stands in for .NET where the SDK is not packaged; the layout of its traces is its own.
dotnet() {
    local source
    for source in *.cs; do
        mcs -debug -nowarn:0649 -out:"${source%.cs}.exe" "$source"
        keep dotnet "${source%.cs}" mono --debug "${source%.cs}.exe"
    done
}

native() {
    local source name flags
    for source in *.c *.cpp; do
        name=${source%.*}
        case $name in
            asan_*) flags="-fsanitize=address" ;; ubsan) flags="-fsanitize=undefined" ;; tsan) flags="-fsanitize=thread -pthread" ;;
            lsan) flags="-fsanitize=leak" ;; smash) flags="-fstack-protector-all -O1 -D_FORTIFY_SOURCE=0" ;; *) flags="-pthread" ;;
        esac
        case $source in *.c) gcc -w -g -rdynamic $flags -o "$name" "$source" ;; gdb_trace.cpp) g++ -w -g -o "$name" "$source" ;; *) clang++ -w -g -rdynamic $flags -std=c++17 -o "$name" "$source" ;; esac
    done
    for name in at_access custom_throw throw_int assert_fail double_free smash asan_uaf asan_overflow ubsan tsan lsan backtrace_symbols pure_virtual; do
        keep native "$name" "./$name"
    done
    keep native segv_shell bash -c './segv_shell; exit 3'
    keep native abort_twice bash abort_twice.sh
    keep native gdb_trace bash -c 'gdb -q -batch -ex run -ex bt ./gdb_trace 1>&2'
}

for language in "${@:-python javascript go jvm rust ruby php perl elixir dotnet native}"; do
    for one in $language; do
        rm -rf "/srv/app/$one" && cp -r "$here/$one" /srv/app/ && cd "/srv/app/$one" && "$one"
    done
done
