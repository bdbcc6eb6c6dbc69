#!/usr/bin/env bash
# Install what VAE Studio needs and is missing: system libraries, .venv, the packages in it.
# Run again, it finds nothing to do and takes well under a second.
#
#   PYTHON        the Python (3.11 or newer) that makes .venv
#   TORCH_INDEX   a further package index, for the CPU build of PyTorch
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$(pwd -P)

# What Qt loads when a window opens, and fonts for Latin and for Chinese text.
SYSTEM_PACKAGES=(
    libegl1 libgl1 libglib2.0-0 libdbus-1-3 libfontconfig1 libxkbcommon-x11-0 libx11-xcb1
    libxcb-cursor0 libxcb-glx0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0
    libxcb-render-util0 libxcb-shape0 libxcb-shm0 libxcb-sync1 libxcb-util1 libxcb-xfixes0
    libxcb-xkb1 libwayland-cursor0 fonts-dejavu-core fonts-wqy-microhei
)
VENV_PYTHON=.venv/bin/python
STAMP=.venv/setup-stamp            # written last: what the finished .venv was made from
UNFINISHED=.venv/setup-unfinished  # there while pip changes .venv
LOG=.venv/setup.log

say() { printf '%s\n' "$*"; }
fail() { printf 'Set-up failed: %s\n' "$*" >&2; exit 1; }

# run_logged LOG COMMAND…: the output goes to LOG; on a terminal, its last line shows that it moves.
run_logged() {
    local log=$1; shift
    if [ -t 1 ]; then
        local status=0 line
        "$@" 2>&1 </dev/null | tee "$log" | while IFS= read -r line; do
            printf '\r\033[K  %.74s' "${line//$'\r'/}"
        done || status=$?
        printf '\r\033[K'
        return "$status"
    fi
    "$@" >"$log" 2>&1 </dev/null
}

# ---- Python ----------------------------------------------------------------------------------

# "3.11 DIGEST" for a working Python of 3.11 or newer; DIGEST is that of the files pip works from.
describe() {
    "$1" -I -S -c '
import hashlib, sys
if sys.version_info < (3, 11):
    sys.exit(1)
digest = hashlib.sha256()
for name in ("pyproject.toml", "constraints.txt", "hatch_build.py"):
    with open(name, "rb") as file:
        digest.update(file.read() + b"\0")
print("%d.%d %s" % (*sys.version_info[:2], digest.hexdigest()))' 2>/dev/null
}

# Sets `python` (empty if there is none) and `description`. Inside an activated environment, it is
# the Python which that was made from: .venv may be about to go.
find_python() {
    local candidate candidates=(python3 python3.14 python3.13 python3.12 python3.11)
    if [ -n "${PYTHON:-}" ]; then candidates=("$PYTHON"); fi
    python=
    for candidate in "${candidates[@]}"; do
        description=$(describe "$candidate") || continue
        python=$("$candidate" -I -c '
import sys
print(sys.executable if sys.prefix == sys.base_prefix else sys._base_executable)')
        return
    done
}

can_make_venv() { "$python" -I -c 'import ensurepip, venv' 2>/dev/null; }

is_finished() {
    [ -f "$STAMP" ] && [ ! -e "$UNFINISHED" ] || return 1
    local now wanted
    now=$(describe "$VENV_PYTHON") || return 1
    if [ -n "${PYTHON:-}" ]; then
        wanted=$(describe "$PYTHON") || fail "PYTHON=$PYTHON is not Python 3.11 or newer."
        [ "$wanted" = "$now" ] || return 1
    fi
    [ "$(cat "$STAMP")" = "$now $root" ]
}

# ---- System packages (Debian, Ubuntu) --------------------------------------------------------

has_apt() { command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; }

# Prints those of its arguments that are not installed, neither themselves nor under a new name that
# provides the old one (libglib2.0-0t64 provides libglib2.0-0).
not_installed() {
    dpkg-query -W -f '${db:Status-Abbrev}\t${Package}\t${Provides}\n' |
        awk -F '\t' -v wanted="$*" '
            $1 ~ /^.i/ {
                have[$2] = 1
                n = split($3, provided, /, */)
                for (i = 1; i <= n; i++) { sub(/ .*/, "", provided[i]); have[provided[i]] = 1 }
            }
            END {
                n = split(wanted, names, " ")
                for (i = 1; i <= n; i++) if (!(names[i] in have)) print names[i]
            }'
}

# Asks for a password only where somebody can see the question.
can_be_root() {
    [ "$(id -u)" -eq 0 ] && return
    command -v sudo >/dev/null || return
    sudo -n true 2>/dev/null && return
    [ -t 0 ] && [ -t 1 ] && say "System packages are missing; sudo may ask for your password." && sudo -v
}

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi; }

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=2 "$@" 9>&-
}

# Installs its arguments, or those of them that can be had. Never fails: the caller looks again.
install_system_packages() {
    local log name available=()
    log=$(mktemp)
    run_logged "$log" apt update -q || say "apt-get update had errors; going on with the lists it has."
    if ! run_logged "$log" apt install -q -y --no-install-recommends "$@"; then
        for name in "$@"; do
            if apt-get install --simulate -q --no-install-recommends "$name" >/dev/null 2>&1; then
                available+=("$name")
            fi
        done
        if [ "${#available[@]}" -eq 0 ] || [ "${#available[@]}" -eq $# ] ||
            ! run_logged "$log" apt install -q -y --no-install-recommends "${available[@]}"; then
            say "apt-get install failed:"
            tail -n 12 "$log"
        fi
    fi
    rm -f "$log"
}

# The newest Python that this release of Debian or Ubuntu has; needs fresh package lists.
python_packages() {
    local version
    for version in 3.14 3.13 3.12 3.11; do
        if apt-cache show "python$version-venv" >/dev/null 2>&1; then
            printf '%s\n' "python$version" "python$version-venv"
            return
        fi
    done
}

# Sets `lacking`: the system packages that are still missing afterwards.
ensure_system_packages() {
    local wanted=("${SYSTEM_PACKAGES[@]}") missing
    lacking=
    if [ "$(uname -s)" != Linux ]; then return; fi
    if ! has_apt; then
        say "Not Debian or Ubuntu: leaving the system libraries to you (the list is in scripts/setup.sh)."
        return
    fi
    if [ -z "$finished" ] && [ -z "${PYTHON:-}" ]; then
        if [ -z "$python" ]; then
            if [ -z "$(python_packages)" ] && can_be_root; then
                say "Reading the package lists to find a Python"
                run_logged /dev/null apt update -q || true
            fi
            # shellcheck disable=SC2207
            wanted+=($(python_packages))
        elif ! can_make_venv; then
            wanted+=("python${description%% *}-venv")
        fi
    fi
    # shellcheck disable=SC2207
    missing=($(not_installed "${wanted[@]}"))
    if [ "${#missing[@]}" -eq 0 ]; then return; fi
    if can_be_root; then
        say "Installing ${#missing[@]} system packages: ${missing[*]}"
        install_system_packages "${missing[@]}"
        lacking=$(not_installed "${missing[@]}" | paste -sd ' ' -)
    else
        lacking="${missing[*]}"
    fi
    if [ -n "$lacking" ]; then
        say "System packages that are missing and could not be installed from here. Ask an administrator for:"
        say "    apt-get install --no-install-recommends $lacking"
    fi
}

# ---- The virtual environment -----------------------------------------------------------------

# Whether .venv can be brought up to date in place: it was made here, by this version of Python, and
# no installation into it was cut short.
is_usable() {
    [ -x "$VENV_PYTHON" ] && [ ! -e "$UNFINISHED" ] || return 1
    local now; now=$(describe "$VENV_PYTHON") || return 1
    [ "${now%% *}" = "${description%% *}" ] || return 1
    if [ -f "$STAMP" ]; then
        case "$(cat "$STAMP")" in *" $root") ;; *) return 1 ;; esac
    else
        grep -qF -- " $root/.venv" .venv/pyvenv.cfg || return 1
    fi
    "$VENV_PYTHON" -m pip --version >/dev/null 2>&1
}

install_packages() {
    local pip=("$VENV_PYTHON" -m pip install --progress-bar off -c constraints.txt)
    if [ -n "${TORCH_INDEX:-}" ]; then pip+=(--extra-index-url "$TORCH_INDEX"); fi
    # The constraints hold for the build of this package too; which variable says so depends on pip.
    export PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt
    export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_USER=0
    say "Installing Python packages into .venv (the first time, this takes some minutes)"
    rm -f "$STAMP"
    : >"$UNFINISHED"
    if ! run_logged "$LOG" "${pip[@]}" -e '.[dev]'; then
        # A pip that failed before it began to install has left .venv as it was.
        grep -q '^Installing collected packages' "$LOG" || rm -f "$UNFINISHED"
        tail -n 30 "$LOG" >&2
        fail "pip could not install the packages; the whole output is in $LOG."
    fi
    if grep -q '^Collecting nvidia-' "$LOG"; then
        say "PyTorch came with CUDA. For the much smaller CPU build: rm -rf .venv, then make with TORCH_INDEX (see README)."
    fi
}

ensure_venv() {
    local pth
    if [ -z "$python" ]; then
        fail "no Python 3.11 or newer found${PYTHON:+ as PYTHON=$PYTHON}. Install one, or name it: make setup PYTHON=/path/to/python3"
    fi
    if ! is_usable; then
        can_make_venv || fail "$python cannot make virtual environments; on Debian or Ubuntu install python${description%% *}-venv."
        if [ -e .venv ]; then
            say "Making .venv anew: it was moved, unfinished or of another Python"
        else
            say "Making .venv with Python ${description%% *} ($python)"
        fi
        rm -rf .venv
        "$python" -m venv .venv || { rm -rf .venv; fail "$python could not make .venv."; }
    fi
    install_packages
    # pip wrote this folder's path into a .pth file, which Python reads in the encoding of the locale:
    # a path that is not ASCII would stop every start under LC_ALL=C. Say the same in ASCII.
    for pth in .venv/lib/python*/site-packages/_vae_studio.pth; do
        say 'import os, sys; sys.path.append(os.path.dirname(sys.prefix))' >"$pth"
    done
    rm -f "$UNFINISHED"
    printf '%s %s\n' "$(describe "$VENV_PYTHON")" "$root" >"$STAMP"
}

# ---- All of it -------------------------------------------------------------------------------

unset PYTHONHOME PYTHONPATH

# Two at once in one folder would spoil .venv.
if command -v flock >/dev/null; then
    exec 9<scripts/setup.sh
    flock -n 9 || { say "Waiting for another set-up in this folder"; flock 9; }
fi

finished=
python=
description=
if is_finished; then finished=1; else find_python; fi
ensure_system_packages
if [ -z "$finished" ]; then
    if [ -z "$python" ] || [ -n "$lacking" ]; then find_python; fi
    ensure_venv
    say "Ready."
fi
if [ -n "$lacking" ]; then
    QT_QPA_PLATFORM=offscreen "$VENV_PYTHON" -c 'import PySide6.QtWidgets' ||
        fail "Qt does not load without these system packages: $lacking"
    say "Qt loads without them; going on."
fi
