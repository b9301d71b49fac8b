#!/usr/bin/env bash
# tools/cluster says in one line what it lacks.
set -euo pipefail
tool=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/bin" "$dir/empty"
for program in bash dirname awk sed sort head printf uname mkdir flock nice grep cat; do
  ln -s "$(command -v "$program")" "$dir/bin/$program"
done

expect() {  # WHAT TEXT COMMAND…
  local what=$1 text=$2 status=0
  shift 2
  "$@" >"$dir/out" 2>&1 || status=$?
  if [ $status != 1 ] || [ "$(wc -l <"$dir/out")" != 1 ] || ! grep -qF -- "$text" "$dir/out"; then
    echo "FAILED: $what: status $status, expected 1 and one line with '$text'"
    cat "$dir/out"
    exit 1
  fi
  echo "ok: $what"
}

unset KUBEBUILDER_ASSETS
expect "without Go" "Go 1.26 or newer is needed" \
  env PATH="$dir/bin" XEBEC_CACHE="$dir/cache" "$tool" build
printf '#!%s\necho go1.21.3\n' "$dir/bin/bash" >"$dir/bin/go"
chmod +x "$dir/bin/go"
expect "with an old Go" "(found: 1.21.3)" env PATH="$dir/bin" XEBEC_CACHE="$dir/cache" "$tool" build
expect "KUBEBUILDER_ASSETS without the programs" "has no program 'etcd'" \
  env KUBEBUILDER_ASSETS="$dir/empty" XEBEC_CLUSTER_DIR="$dir/cluster" "$tool" start
