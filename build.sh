#!/usr/bin/env bash
# The developer's entry: ./build.sh check | test [PROJECT...] | soak [NAME...] | e2e | bench | publish | format
set -euo pipefail
cd "$(dirname "$0")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
configuration=Release

usage() {
  cat <<'TEXT'
./build.sh check              format, build, unit and architecture tests: before every commit, under two minutes
./build.sh test [NAME...]     build, then run all test projects but the end-to-end ones, or the named ones (Api, ApiServer, ...)
./build.sh soak [NAME...]     the long forms of the kill, fault, model and history tests, or of the named classes (hours; 500 kills each)
./build.sh e2e                publish, then run the end-to-end tests (root; real kubectl, containerd, nftables)
./build.sh publish            the self-contained, ready-to-run executable: artifacts/publish/coxswain
./build.sh bench [NAME...]    run the benchmarks of bench/
TEXT
}

command -v dotnet > /dev/null || { echo "the .NET 10 SDK is missing: install it so that 'dotnet' is on the PATH" >&2; exit 1; }

locked() { [ "${CI:-}" = true ] && echo -p:RestoreLockedMode=true || true; }

build() { dotnet build Coxswain.slnx -c $configuration -v quiet --nologo $(locked); }

publish() {
  dotnet publish src/Coxswain -c $configuration -p:PublishSingleFile=true -o artifacts/publish -v quiet --nologo $(locked)
  ls -l artifacts/publish/coxswain
}

# Runs test executables one after another and adds up their summaries. The last line is `N passed, N failed, N skipped`.
run_tests() {
  local total=0 failed=0 skipped=0 broken=0 log
  log=$(mktemp)
  for project in "$@"; do
    local name dll; name=$(basename "$project"); dll=artifacts/bin/$name/${configuration,,}/$name.dll
    if ! dotnet "$dll" -noColor > "$log" 2>&1; then broken=1; fi
    local summary; summary=$(grep -E "^ +$name +Total: " "$log" || true)
    if [ -z "$summary" ]; then
      # No summary: the runner itself died, or there is no test in it. Both are failures worth seeing whole.
      cat "$log"; failed=$((failed + 1)); total=$((total + 1)); continue
    fi
    number() { sed -nE "s/.* $1: ([0-9]+).*/\1/p" <<< "$summary"; }
    local bad=$(( $(number Failed) + $(number Errors) ))
    if [ $bad -gt 0 ]; then cat "$log"; else grep -E "\[SKIP\]" -A1 "$log" || true; fi
    printf '%-36s %s\n' "$name" "${summary#*"$name"}"
    total=$((total + $(number Total))); failed=$((failed + bad)); skipped=$((skipped + $(number Skipped)))
  done
  rm -f "$log"
  echo "$((total - failed - skipped)) passed, $failed failed, $skipped skipped"
  [ $failed -eq 0 ] && [ $broken -eq 0 ]
}

projects() { ls -d tests/*.Tests | grep -v EndToEnd; }

# The tests that get better the longer they run. Each project's summary is printed as it ends; so is how far each test is.
run_soak() {
  export COXSWAIN_KILL_ROUNDS=${COXSWAIN_KILL_ROUNDS:-500} COXSWAIN_FUZZ=${COXSWAIN_FUZZ:-100}
  local project name failed=0 since=$SECONDS classes=() log
  if [ $# -eq 0 ]; then set -- Crash Kill PowerLoss Fault Starvation Model History Fuzz ExitDoor; fi
  for name in "$@"; do classes+=(-class "*$name*"); done
  log=$(mktemp)
  echo "$COXSWAIN_KILL_ROUNDS kills, $COXSWAIN_FUZZ times the usual cases: $*"
  for project in $(ls -d tests/Coxswain.Storage*.Tests) tests/Coxswain.ApiServer.Tests tests/Coxswain.EndToEnd.Tests; do
    name=$(basename "$project")
    timeout 12h dotnet "artifacts/bin/$name/${configuration,,}/$name.dll" -noColor "${classes[@]}" 2>&1 | tee "$log" | grep --line-buffered -E "^    [a-z]|FAIL|SKIP|^ +Coxswain.*Total:" || true
    if ! grep -qE "Errors: 0, Failed: 0,|Total: 0$" "$log"; then failed=$((failed + 1)); cat "$log"; fi
  done
  rm -f "$log"
  echo "soak: $([ $failed -eq 0 ] && echo passed || echo "$failed projects failed") after $((SECONDS - since)) s"
  [ $failed -eq 0 ]
}

case "${1:-}" in
  check)
    ANALYZE=true build
    # shellcheck disable=SC2046
    run_tests $(projects)
    ;;
  test)
    shift
    build
    if [ $# -eq 0 ]; then run_tests $(projects); else run_tests $(printf 'tests/Coxswain.%s.Tests ' "$@"); fi
    ;;
  soak)
    shift
    scripts/kubectl.sh
    scripts/etcd.sh
    scripts/upstream.sh
    build
    publish
    run_soak "$@"
    ;;
  e2e)
    publish
    dotnet build tests/Coxswain.EndToEnd.Tests -c $configuration -v quiet --nologo $(locked)
    run_tests tests/Coxswain.EndToEnd.Tests
    ;;
  all)
    build
    publish
    run_tests $(ls -d tests/*.Tests)
    ;;
  publish) publish ;;
  bench)
    shift
    dotnet run --project bench/Coxswain.Benchmarks -c $configuration -- "$@"
    ;;
  *) usage; [ -z "${1:-}" ] || exit 2 ;;
esac
