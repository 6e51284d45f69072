# Shared by the scripts: where things are, and how a fresh Debian 12 gets what is missing. Sourced, not run.
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${SHOAL_BUILD:-$top/build}

build_packages="g++ cmake ninja-build ccache pkg-config libiscsi-dev libboost1.81-dev nlohmann-json3-dev catch2 liburing-dev
  libsqlite3-dev libssl-dev libcli11-dev libspdlog-dev libfmt-dev prometheus-cpp-dev"
run_packages="etcd-server libiscsi-bin python3"
test_packages="fio iproute2 procps valgrind qemu-utils qemu-block-extra"
linux_packages="user-mode-linux debootstrap"
bench_packages="fio tgt"
fuzz_packages="clang-19 libclang-rt-19-dev"

say() { printf '%s\n' "$*"; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# Installs those of the packages that are missing; quiet and quick when there are none.
need_packages() {
  local missing=()
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "these packages are missing and need root to install: ${missing[*]}"
    sudo=(sudo)
  fi
  say "installing ${missing[*]}"
  local log; log=$(mktemp)
  { "${sudo[@]}" apt-get update -q && "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -yq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 ||
    { tail -n 20 "$log" >&2; die "apt-get could not install: ${missing[*]}"; }
  rm -f "$log"
}

# configure_and_build DIRECTORY "cmake options" target...
configure_and_build() {
  local directory=$1 options=$2; shift 2
  # shellcheck disable=SC2086
  cmake -S "$top" -B "$directory" -G Ninja $options >"$directory.cmake.log" 2>&1 ||
    { tail -n 20 "$directory.cmake.log" >&2; die "cmake failed"; }
  rm -f "$directory.cmake.log"
  ninja -C "$directory" "$@" | { grep -v -E '^\[[0-9]+/[0-9]+\]|ninja: Entering' || true; }
  [ "${PIPESTATUS[0]}" -eq 0 ] || die "the build failed"
}
