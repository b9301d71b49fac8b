#!/usr/bin/env bash
# The targets that a newcomer expects: `make help` lists them, and each is known to make.
#   make_test.sh SOURCE [release]   with release: that `make release` leaves stripped programs in bin/ARCH
set -euo pipefail
cd "$1"
export MAKEFLAGS= MAKELEVEL=

targets="help deps deps-add deps-tidy deps-vendor deps-verify build release demo test lint format asan tsan sim
  stress soak fuzz bench cluster test-cluster install clean"
help=$(make help)
for target in $targets; do
  grep -qE "^  $target +[a-z]" <<<"$help" || { echo "make help does not tell of $target"; exit 1; }
  make -n "$target" >/dev/null || { echo "make $target is not known"; exit 1; }
done
[ "$(make)" = "$help" ] || { echo "make alone does not show the help"; exit 1; }

if [ "${2:-}" = release ]; then
  made=$(make release)
  grep -q "^bin/$(uname -m)/xebec-apiserver$" <<<"$made" || { echo "no xebec-apiserver in bin: $made"; exit 1; }
  for program in $(grep '^bin/' <<<"$made"); do
    [ -x "$program" ] || { echo "$program is no program"; exit 1; }
    [ -z "$(nm "$program" 2>/dev/null)" ] || { echo "$program is not stripped"; exit 1; }
  done
fi
