#!/usr/bin/env bash
# tools/deps against a small archive made here: what it must refuse, warn about and accept. No network.
set -euo pipefail
deps_tool=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export XEBEC_DEPS_DIR=$dir/deps XEBEC_CACHE=$dir/cache
export DEPS_MIRROR="deb [trusted=yes] file:$dir/archive ./"
mkdir -p "$dir/deps" "$dir/archive"

fail() { echo "FAILED: $*"; sed 's/^/    /' "$dir/out"; exit 1; }

make_package() {  # NAME VERSION [DEPENDS]
  local tree="$dir/tree/$1"
  mkdir -p "$tree/DEBIAN"
  printf '%s\n' "Package: $1" "Version: $2" "Architecture: amd64" "Maintainer: nobody <n@example.invalid>" \
    "Description: a test" ${3:+"Depends: $3"} >"$tree/DEBIAN/control"
  dpkg-deb --root-owner-group --build "$tree" "$dir/archive/$1_$2_amd64.deb" >/dev/null
}

write_index() {
  local deb
  for deb in "$dir"/archive/*.deb; do
    dpkg-deb -f "$deb" Package Version Architecture Maintainer Depends Description
    echo "Filename: ./$(basename "$deb")"
    echo "Size: $(stat -c %s "$deb")"
    printf 'SHA256: %s\n\n' "$(sha256sum <"$deb" | cut -d' ' -f1)"
  done >"$dir/archive/Packages"
}

run() { status=0; "$deps_tool" "$@" >"$dir/out" 2>&1 || status=$?; }
expect() {  # WHAT STATUS TEXT
  [ $status = "$2" ] || fail "$1: exit status $status, expected $2"
  [ -z "$3" ] || grep -q -- "$3" "$dir/out" || fail "$1: no line with '$3'"
  [ "$2" = 0 ] || [ "$(wc -l <"$dir/out")" = 1 ] || fail "$1: more than one line"
  echo "ok: $1"
}

make_package liba 1.0 libb
make_package libb 1.0
write_index
echo "build liba  # needs libb" >"$dir/deps/manifest"

run tidy
expect "the lock holds what the manifest needs, and what that needs" 0 "2 packages locked"
run verify
expect "an untouched archive verifies" 0 "2 of 2 locked packages verified"

cp "$dir/deps/debian12.lock" "$dir/lock"
sed -i -E 's/^(libb 1.0 ).*/\1'"$(printf '0%.0s' {1..64})"'/' "$dir/deps/debian12.lock"
run verify
expect "a package with another hash than the lock's is refused" 1 "libb 1.0: .*tampered with"
cp "$dir/lock" "$dir/deps/debian12.lock"

cp "$dir/archive/libb_1.0_amd64.deb" "$dir/libb.deb"
printf x | dd of="$dir/archive/libb_1.0_amd64.deb" bs=1 seek=100 conv=notrunc status=none
run verify
expect "a package whose bytes were changed after the index was made is refused" 1 "libb.*tampered with"
cp "$dir/libb.deb" "$dir/archive/libb_1.0_amd64.deb"

echo "build libnosuch" >>"$dir/deps/manifest"
run tidy
expect "an unknown name is told when the lock is written" 1 "unknown package 'libnosuch'"
run verify
expect "a manifest that is ahead of the lock is told" 1 "libnosuch is in the manifest and not in the lock"
echo "libnosuch 1.0 $(printf '0%.0s' {1..64})" >>"$dir/deps/debian12.lock"
run verify
expect "an unknown name in the lock is told" 1 "unknown package 'libnosuch'"
cp "$dir/lock" "$dir/deps/debian12.lock"
sed -i /libnosuch/d "$dir/deps/manifest"

run add libnosuch
expect "an unknown name is not added" 1 "unknown package 'libnosuch'"
grep -q libnosuch "$dir/deps/manifest" && fail "the manifest keeps an unknown name"
make_package libc9 3.0
write_index
run add libc9
expect "a known name is added to manifest and lock" 0 "3 packages locked"
grep -q '^libc9 3.0 ' "$dir/deps/debian12.lock" || fail "the lock lacks libc9"

rm "$dir"/archive/libb_*
make_package libb 2.0
write_index
run verify
expect "a newer version in the archive is a warning" 0 "warning: libb: the archive has 2.0, the lock has 1.0"
DEPS_STRICT=1 run verify
expect "with DEPS_STRICT=1 it is an error" 1 "libb: the archive has 2.0, the lock has 1.0"

run vendor "$dir/vendored"
expect "what is locked can be vendored" 0 "file:$dir/vendored"
DEPS_MIRROR="deb [trusted=yes] file:$dir/vendored ./" run verify
expect "a vendored folder serves as the archive" 1 "unknown package 'libb'"  # 1.0 was gone: not vendored
run tidy
run vendor "$dir/vendored"
DEPS_MIRROR="deb [trusted=yes] file:$dir/vendored ./" run verify
expect "a vendored folder serves as the archive once it is complete" 0 "3 of 3 locked packages verified"

DEPS_MIRROR="deb [trusted=yes] file:$dir/nowhere ./" run verify
expect "a missing archive is one clear line" 1 "the archive cannot be reached"
DEPS_MIRROR="deb [trusted=yes] http://127.0.0.1:9/ ./" run verify
expect "an unreachable archive is one clear line" 1 "the archive cannot be reached"

echo "build one two" >"$dir/deps/manifest"
run tidy
expect "a malformed manifest line is named" 1 "manifest:1: expected GROUP PACKAGE"
echo "all passed"
