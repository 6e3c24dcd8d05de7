# What the `run` of each example sources: it starts servers and the proxy, and ends them with itself.
# BAZEL_BIN: where the built programs are, ../../bazel-bin by default.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[1]}")"

bazel_bin=${BAZEL_BIN:-../../bazel-bin}
work=$(mktemp -d)
pids=()

finish() {
  [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true
  wait
  rm -rf "$work"
}
trap finish EXIT

fail() {
  echo "$0: $*" >&2
  exit 1
}

# built PATH: a program of this repository.
built() {
  [ -x "$bazel_bin/$1" ] || fail "$1 is not built: bazel build //$(dirname "$1"):$(basename "$1")"
  echo "$bazel_bin/$1"
}

# start NAME [ADDRESS:]PORT COMMAND...: a server in the background, listening when this returns.
start() {
  local name=$1 place=$2
  shift 2
  [[ $place == *:* ]] || place=127.0.0.1:$place
  PATH=$PATH:/usr/sbin "$@" >"$work/$name.log" 2>&1 &
  pids+=($!)
  until (exec 3<>"/dev/tcp/${place/://}") 2>/dev/null; do
    kill -0 "${pids[-1]}" 2>/dev/null || fail "$name did not start: $(tail -3 "$work/$name.log")"
    sleep 0.05
  done
}

# proxy PORT: outrigger with this example's bootstrap.yaml.
proxy() {
  local program
  program=$(built source/main/outrigger)
  start outrigger "$1" "$program" -c bootstrap.yaml
}

# show COMMAND...: a command and what it prints.
show() {
  echo "\$ $*"
  "$@"
  echo
}
