# Runs named stages one after the other, and prints the seconds of each: of the clock, and of the processor, which a busy
# machine changes less. .ci/run and .ci/long source this file.
#
# A script that sources it has a function stage_NAME for each stage, and ends with run_stages TABLE "$@". TABLE has a line
# "NAME  what it does" for each stage, in the order in which they run.
set -euo pipefail

export CARGO_TERM_PROGRESS_WHEN=never
target=${CARGO_TARGET_DIR:-target}
scratch=$(mktemp -d)
running=  # the process id of what runs now, which is always a `timeout` round something
beside=   # of what runs beside it, likewise
now_in=   # the stage that runs now
begun_at= # the second in which it began
used_at=  # the processor's seconds that were used before it
used=0    # and those until now
ended=()  # a line "NAME SECONDS PROCESSOR'S-SECONDS" for each stage before it

# For the tests and the suites: one build serves all, because the features are the same too. In a debug build the page is
# read from static/; debug-embed puts it into the binary, as in a release.
ci=(--profile ci --features rust-embed/debug-embed)

# run_stages TABLE WORD...: runs the stages that the words name, or all.
run_stages() {
  local table=$1 names=() name
  shift
  trap finish EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  mapfile -t names < <(awk '{ print $1 }' <<<"$table")
  case ${1:-} in
  --list)
    echo "$table"
    exit
    ;;
  -h | --help)
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
    exit
    ;;
  esac
  for name in "$@"; do
    [[ " ${names[*]} " == *" $name "* ]] || { echo "$0: there is no stage $name, but ${names[*]}" >&2; exit 2; }
  done
  (($#)) || set -- "${names[@]}"
  for name in "$@"; do
    now_in=$name
    begun_at=$SECONDS
    count_used
    used_at=$used
    printf '\n=== %s (at %d s)\n' "$(sed -n "s/^$name  */$name: /p" <<<"$table")" "$SECONDS"
    "stage_$name"
    is_over ""
    now_in=
  done
}

# is_over REMARK: writes down the seconds of the present stage.
is_over() {
  count_used
  ended+=("$now_in $((SECONDS - begun_at)) $((used - used_at)) $1")
}

# count_used: what all commands that have ended used. `times` has to run in this shell: another has no such commands.
count_used() {
  times >"$scratch/times"
  used=$(awk 'NR == 2 { gsub(/[ms]/, " "); print int($1 * 60 + $2 + $3 * 60 + $4) }' "$scratch/times")
}

# finish: ends what still runs, prints the seconds of the stages, and says which one failed.
finish() {
  local status=$?
  trap - EXIT
  local left
  for left in $running $beside; do
    kill -TERM "$left" 2>/dev/null || true
    wait "$left" 2>/dev/null || true
  done
  [[ -z $now_in ]] || is_over FAILED
  rm -rf "$scratch"
  if ((${#ended[@]})); then
    printf '\n=== Seconds of each stage, and of the processor\n'
    # shellcheck disable=SC2086 # the words of a line are the columns
    for line in "${ended[@]}"; do printf '%-13s %6d %6d %s\n' $line; done
    if ((status)); then
      printf '\n=== FAILED (exit code %d): %s\n' "$status" "$now_in" >&2
    else
      printf '\n=== All passed in %d s\n' "$SECONDS"
    fi
  fi
  exit "$status"
}

# begin SECONDS COMMAND...: starts a command with a deadline. `timeout` passes signals on to all that the command starts.
begin() {
  timeout --kill-after=20 "$@" &
  running=$!
}

# end: waits for what was begun, and returns its exit code.
end() {
  local status=0
  wait "$running" || status=$?
  running=
  return "$status"
}

# within SECONDS COMMAND...: runs a command with a deadline.
within() {
  local status=0
  begin "$@"
  end || status=$?
  if ((status == 124 || status == 137)); then
    echo "not done within $1 s: ${*:2}" >&2
  fi
  return "$status"
}

# install PACKAGE: by apt, where there is apt and the right to use it.
install() {
  local as_root=()
  ((EUID == 0)) || as_root=(sudo -n)
  command -v apt-get >/dev/null || { echo "please install $1: there is no apt-get here" >&2; return 1; }
  echo "installing $1"
  within 300 "${as_root[@]}" apt-get update -qq
  within 600 "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -qq -y --no-install-recommends "$1" >"$scratch/apt.log" 2>&1 ||
    { cat "$scratch/apt.log" >&2; return 1; }
}

# first_of COMMAND...: the path of the first one that is installed.
first_of() {
  local name
  for name in "$@"; do
    command -v "$name" && return
  done
  return 1
}

# installed PACKAGE COMMAND...: installs the package, unless one of its commands is there.
installed() {
  first_of "${@:2}" >/dev/null || install "$1"
}

# instruments: valgrind, and gungraun-runner of the version in Cargo.lock. The runner counts nothing itself, so a debug
# build of it does.
instruments() {
  installed valgrind valgrind
  local gungraun runner
  gungraun=$(cargo pkgid gungraun)
  gungraun=${gungraun##*@}
  runner=$target/gungraun-runner-$gungraun
  [[ -x $runner/bin/gungraun-runner ]] ||
    within 900 cargo install --quiet --debug --locked --root "$runner" "gungraun-runner@$gungraun"
  GUNGRAUN_RUNNER=$(realpath "$runner/bin/gungraun-runner")
  export GUNGRAUN_RUNNER
}

# starts_and_ends BINARY: lobbyd starts on a free port, says where, answers, and ends at SIGTERM with exit code 0.
starts_and_ends() {
  begin 60 "$1" --listen 127.0.0.1:0 >"$scratch/stdout" 2>"$scratch/stderr"
  local url= code=0 deadline=$((SECONDS + 20))
  until [[ -n $url ]]; do
    if ((SECONDS >= deadline)) || ! kill -0 "$running" 2>/dev/null; then
      echo "no start-up line; stdout and stderr were:" >&2
      cat "$scratch/stdout" "$scratch/stderr" >&2
      return 1
    fi
    sleep 0.05
    url=$(sed -n 's|.*\(http://127\.0\.0\.1:[0-9]*\)/.*|\1|p' "$scratch/stdout")
  done
  cat "$scratch/stdout"
  ask "$url/healthz" >"$scratch/health"
  echo "GET $url/healthz: $(<"$scratch/health")"
  ask "$url/" >"$scratch/page"
  grep -q 'id="chat-input"' "$scratch/page" || { echo "GET $url/ is not the chat page" >&2; return 1; }
  kill -TERM "$running"
  end || code=$?
  echo "exit code after SIGTERM: $code"
  ((code == 0)) || { cat "$scratch/stderr" >&2; return 1; }
}

# ask URL: what the server answers; fails unless that is a 200.
ask() {
  curl --fail --silent --show-error --noproxy '*' --max-time 10 "$1"
}

# binaries: builds lobbyd and the load test, each by a test that starts it, and names lobbyd to the suites.
binaries() {
  within 1500 cargo test --workspace --quiet --locked "${ci[@]}" --no-run --test program --test scenarios
  TESTED_LOBBYD=$(realpath "$target/ci/lobbyd")
  export TESTED_LOBBYD
}
