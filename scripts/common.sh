# SPDX-License-Identifier: Apache-2.0
# What the scripts share; sourced from the root of the repository.

# pick_preset [to-run]: prints cuda where a usable CUDA compiler is there (to-run: and a GPU that answers), else cpu; says which on stderr.
pick_preset() {
    local nvcc version
    nvcc=$(command -v nvcc || true)
    [ -n "$nvcc" ] || nvcc=$(compgen -G /usr/local/cuda/bin/nvcc || true)
    if [ -z "$nvcc" ]; then
        echo "No nvcc on this machine: building without CUDA." >&2
        echo cpu
        return
    fi
    version=$("$nvcc" --version | sed -n 's/.*release \([0-9.]*\).*/\1/p')
    if [ "$(printf '%s\n' 12.4 "$version" | sort -V | head -n 1)" != 12.4 ]; then
        echo "$nvcc is CUDA $version, 12.4 or newer is needed: building without CUDA." >&2
        echo cpu
        return
    fi
    if [ "${1:-}" = to-run ] && ! nvidia-smi -L > /dev/null 2>&1; then
        echo "CUDA $version found, but nvidia-smi shows no GPU: building without CUDA, which takes a fraction of the time." >&2
        echo cpu
        return
    fi
    echo "CUDA $version found: building with CUDA." >&2
    echo cuda
}

# build PRESET TARGET...: one changing line on a terminal, silence elsewhere; errors always.
build() {
    local preset=$1 quiet=()
    shift
    [ -t 1 ] || quiet=(-- --quiet)
    cmake --build --preset "$preset" --target "$@" "${quiet[@]}"
}

# configure PRESET OPTION...: prints only what went wrong.
configure() {
    local preset=$1 output
    shift
    if ! output=$(cmake --preset "$preset" "$@" 2>&1); then
        printf '%s\n' "$output" >&2
        return 1
    fi
}

# step TEXT: a heading with the seconds since the script began.
step() {
    printf '[%3d s] %s\n' "$SECONDS" "$1"
}
