#!/usr/bin/env bash
# Installs the build into a folder of its own, builds a project outside the tree against it, and runs it: a kind of its
# own with fibers, and the README's controller at work against the installed xebec-apiserver.
#   install_test.sh SOURCE BUILD WORK COMPILER
set -euo pipefail
source=$1 build=$2 work=$3 compiler=$4
rm -rf "$work"
mkdir -p "$work"
pids=()
trap '[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true; wait' EXIT

quietly() { "$@" >"$work/log" 2>&1 || { echo "FAILED: $*"; tail -n 40 "$work/log"; exit 1; }; }

quietly cmake --install "$build" --prefix "$work/prefix"
# Copied, so that nothing beside it in the tree can help.
cp -r "$source/tests/install/consumer" "$work/source"
awk '/^```cpp/ { inside = 1; next } /^```/ { inside = 0 } inside' "$source/README.md" >"$work/source/welcome.cc"
quietly cmake -S "$work/source" -B "$work/build" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" \
  -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE=-O1
quietly cmake --build "$work/build"
quietly "$work/build/consumer"
echo "ok: the consumer project"

leaked=$(grep -rlF "$source" "$work/prefix" --include=*.h --include=*.cmake --include=*.py || true)
[ -z "$leaked" ] || { echo "FAILED: paths of the source tree in what is installed: $leaked"; exit 1; }

wait_for() {  # WHAT COMMAND… — 30 s at most
  local what=$1 end=$((SECONDS + 30))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || { echo "FAILED: $what"; tail -n 20 "$work"/*.out; exit 1; }
    sleep 0.1
  done
}

"$work/prefix/bin/xebec-apiserver" --listen 127.0.0.1:0 --kubeconfig "$work/kubeconfig" >"$work/server.out" 2>&1 &
pids+=($!)
wait_for "no kubeconfig from xebec-apiserver" test -s "$work/kubeconfig"
url=$(awk '$1 == "server:" { print $2 }' "$work/kubeconfig")
wait_for "xebec-apiserver is not ready" curl -fsS --noproxy '*' "$url/readyz"
KUBECONFIG="$work/kubeconfig" "$work/build/welcome" >"$work/welcome.out" 2>&1 &
pids+=($!)
curl -fsS --noproxy '*' -H 'Content-Type: application/json' "$url/api/v1/namespaces" \
  -d '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"team"}}' >/dev/null
welcome() { curl -fsS --noproxy '*' "$url/api/v1/namespaces/team/configmaps/welcome" | grep -q 'Hello, team!'; }
wait_for "no ConfigMap from the README's controller" welcome
curl -fsS --noproxy '*' -X DELETE "$url/api/v1/namespaces/team/configmaps/welcome" >/dev/null
wait_for "the ConfigMap does not come back" welcome
kill -TERM "${pids[1]}"
wait "${pids[1]}" || { echo "FAILED: the README's controller does not end well on SIGTERM"; cat "$work/welcome.out"; exit 1; }
unset 'pids[1]'
echo "ok: the README's controller"
