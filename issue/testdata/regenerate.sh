#!/usr/bin/env bash
# Makes the `.txt` fixtures of this folder again by running each program under `<language>/src` on the runtimes that
# this machine has, and writing what it prints on stderr with its paths normalised to /app.
#   ./regenerate.sh            every language
#   ./regenerate.sh python go  only those
# Expectations (`.expect.json`) are written by hand from the contract and are not touched.
set -u
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ulimit -c 0

# capture LANGUAGE CASE COMMAND…: stderr of the command, run in $work/app, becomes LANGUAGE/CASE.txt
capture() {
  local language=$1 name=$2
  shift 2
  # shellcheck disable=SC2069
  (cd "$work/app" && timeout 60 "$@" 2>&1 >/dev/null) | normalise >"$here/$language/$name.txt"
}

# runner LANGUAGE CASE COMMAND…: what a test runner prints on both streams, where the machine has it.
runner() {
  local language=$1 name=$2
  shift 2
  command -v "$1" >/dev/null || return 0
  (cd "$work/app" && timeout 60 "$@" 2>&1) | normalise >"$here/$language/$name.txt"
}

normalise() {
  sed -E -e "s#(file://)?$work/app#\1/app#g" -e "s#$work#/tmp/build#g" \
    -e "s#$HOME/\.pyenv/versions/3\.([0-9]+)\.[0-9]+#/usr/local#g" \
    -e "s#$HOME/\.cargo/registry/src/[^/]+#/usr/local/cargo/registry/src/index.crates.io#g" \
    -e "s#$HOME/go/pkg/mod#/go/pkg/mod#g" -e "s#$HOME/\.rustup/toolchains/[^/]+#/usr/local/rustup/toolchains/stable#g" \
    -e "s#$HOME#/home/app#g" -e "s#\b$(hostname)\b#web-1#g"
}

stage() {
  rm -rf "$work/app"
  cp -r "$here/$1/src" "$work/app"
}

python() {
  stage python
  local version binary name
  for binary in "$HOME"/.pyenv/versions/3.{8,9,10,11,12,13}.*/bin/python; do
    version=$(basename "$(dirname "$(dirname "$binary")")" | cut -d. -f1,2 | tr . _)
    for name in plain chained_from during_handling three_deep no_message recursion syntax thread; do
      capture python "${name}_$version" "$binary" "$work/app/$name.py"
    done
  done
  binary=$(echo "$HOME"/.pyenv/versions/3.12.*/bin/python)
  for name in multi_line notes import_syntax group group_chained missing_source logging_exception logging_default \
    logging_warning asyncio_task ignored fatal pool custom_module; do
    capture python "$name" "$binary" "$work/app/$name.py"
  done
  runner python pytest_long pytest -p no:cacheprovider test_boat.py
  runner python pytest_short pytest -p no:cacheprovider --tb=short test_boat.py
  runner python ipython ipython --colors=NoColor "$work/app/ipy.py"
  "$binary" -m venv "$work/venv" && "$work/venv/bin/pip" -q install 'structlog==25.*' 'python-json-logger==2.*' &&
    capture structured python_loggers "$work/venv/bin/python" "$work/app/json_loggers.py"
}

javascript() {
  stage javascript
  local name
  for name in throw custom cause aggregate reject_value reject_error throw_string event syntax missing_module \
    console_error assertion eval_frame; do
    capture javascript "$name" node "$work/app/$name.js"
  done
  capture javascript module node "$work/app/module.mjs"
  capture javascript trace_uncaught node --trace-uncaught "$work/app/throw_string.js"
  capture javascript out_of_memory node --max-old-space-size=32 "$work/app/out_of_memory.js"
  (cd "$work/app" && npm install --silent --no-fund --no-audit pino@9 bunyan@1 winston@3) &&
    capture structured javascript_loggers node "$work/app/json_loggers.js"
}

jvm() {
  stage jvm
  local name
  (cd "$work/app" && javac -nowarn ./*.java 2>/dev/null)
  for name in Plain Chained Suppressed Threaded Circular Jul Overflow; do
    capture jvm "${name,,}" java -XX:MaxJavaStackTraceDepth=12 "$name"
  done
  capture jvm outofmemory java -Xmx16m OutOfMemory
  (cd "$work/app" && timeout 60 java -XX:-CreateCoredumpOnCrash -XX:ErrorFile=/dev/null Crash 2>/dev/null) | normalise >"$here/jvm/crash.txt"
  (cd "$work/app/logback" && mvn -q dependency:copy-dependencies package >"$work/mvn.log" 2>&1)
  capture jvm logback java -cp "logback/target/classes:logback/target/dependency/*" com.example.shop.Main
  capture structured logstash_encoder java -Dlogback.configurationFile=json.xml -cp "logback/target/classes:logback/target/dependency/*" com.example.shop.Main
}

go_() {
  stage go
  local name
  export GOFLAGS=-mod=mod GOTRACEBACK=
  for name in "$work"/app/*/; do
    name=$(basename "$name")
    (cd "$work/app/$name" && go mod init "example.com/$name" && go mod tidy && go build -o run .) >"$work/go.log" 2>&1
  done
  for name in nil_map custom_error wrapped_error nil_pointer in_goroutine repanic panic_in_defer deadlock map_writes \
    overflow http_panic all_goroutines; do
    capture go "$name" "$work/app/$name/run"
  done
  for name in string_type struct int text; do
    CASE=$name capture go "value_$name" "$work/app/values/run"
  done
  GOTRACEBACK=system capture go traceback_system "$work/app/nil_pointer/run"
  capture structured go_slog "$work/app/log_fatal/run"
  capture structured go_loggers "$work/app/loggers/run"
}

rust() {
  stage rust
  local name
  for name in unwrap assert thread double_panic overflow main_error abort_in_extern; do
    (cd "$work/app" && rustc -g --edition 2021 "$name.rs" -o "$name") 2>"$work/rust.log"
    RUST_BACKTRACE=0 capture rust "$name" "./$name"
  done
  RUST_BACKTRACE=1 capture rust unwrap_short "./unwrap"
  RUST_BACKTRACE=full capture rust unwrap_full "./unwrap"
  RUST_BACKTRACE=1 capture rust double_panic_short "./double_panic"
  (cd "$work/app/chains" && cargo build -q) 2>"$work/cargo.log"
  RUST_BACKTRACE=0 capture rust anyhow "chains/target/debug/with_anyhow"
  RUST_BACKTRACE=1 capture rust anyhow_backtrace "chains/target/debug/with_anyhow"
  RUST_BACKTRACE=0 capture rust color_eyre "chains/target/debug/with_color_eyre"
  RUST_BACKTRACE=1 capture rust color_eyre_backtrace "chains/target/debug/with_color_eyre"
  RUST_BACKTRACE=1 capture rust color_eyre_panic "chains/target/debug/with_color_eyre" panic
  capture log rust_loggers "chains/target/debug/with_loggers"
  capture log rust_tracing_ansi "chains/target/debug/with_loggers" ansi
}

native() {
  stage native
  local name
  compile() { (cd "$work/app" && "$@"); }
  for name in throw throw_int; do
    compile g++ -g "$name.cpp" -o "$name" && capture native "$name" bash -c "./$name; :"
  done
  for name in double_free assertion segv smash; do
    compile gcc -g -O0 -fstack-protector-all "$name.c" -o "$name" 2>/dev/null && capture native "$name" bash -c "./$name; :"
  done
  compile gcc -g -fsanitize=address use_after_free.c -o use_after_free && capture native asan ./use_after_free
  compile gcc -g -fsanitize=address leak.c -o leak && capture native lsan ./leak
  compile gcc -g -fsanitize=undefined undefined.c -o undefined && capture native ubsan ./undefined
  compile gcc -g -fsanitize=thread race.c -o race -lpthread && capture native tsan ./race
}

perl_() {
  stage perl
  local name
  for name in die confess runtime compile; do
    capture perl "$name" perl "$work/app/$name.pl"
  done
}

ruby_() {
  stage ruby
  local name
  for name in plain cause no_method raise_text no_message syntax thread logger load_error recursion; do
    capture ruby "$name" ruby "$work/app/$name.rb"
  done
  runner ruby rspec rspec tow_spec.rb
}

php_() {
  stage php
  local name
  for name in uncaught previous type_error fatal undefined_function parse_error warning closure; do
    # The log form (`PHP Fatal error:  …`) goes to stderr, the display form to stdout.
    (cd "$work/app" && timeout 60 php -d display_errors=0 -d log_errors=1 -d error_log= "$work/app/$name.php" 2>&1 >/dev/null) |
      normalise >"$here/php/$name.txt"
    (cd "$work/app" && timeout 60 php -d display_errors=stderr -d log_errors=0 -d html_errors=0 "$work/app/$name.php" 2>&1 >/dev/null) |
      normalise >"$here/php/${name}_display.txt"
  done
}

dotnet_() {
  stage dotnet
  local name
  for name in Plain Inner Aggregate; do
    (cd "$work/app" && mcs -debug "$name.cs" -out:"$name.exe") >/dev/null 2>&1
    capture dotnet "mono_${name,,}" mono --debug "$work/app/$name.exe"
  done
}

elixir_() {
  stage elixir
  local name
  for name in raise task server match process; do
    # The logger of Elixir before 1.15 writes to stdout.
    (cd "$work/app" && timeout 60 elixir "$work/app/$name.exs" 2>&1) | normalise >"$here/elixir/$name.txt"
  done
  runner elixir exunit elixir t_test.exs
}

for language in ${*:-python javascript jvm go_ rust native perl_ ruby_ php_ dotnet_ elixir_}; do
  "$language"
done
