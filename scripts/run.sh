#!/usr/bin/env bash
# Open the window. On Linux without a screen, take the tour instead; a command (`train …`) needs none.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

has_screen() {
    [ "$(uname -s)" != Linux ] || [ -n "${DISPLAY:-}" ] || [ -n "${WAYLAND_DISPLAY:-}" ]
}

case "${1:-}" in
    '') wants_window=1 ;;
    *) wants_window= ;;
esac

if [ -z "$wants_window" ] || has_screen; then
    exec .venv/bin/python -m vae_studio "$@"
fi

echo 'There is no screen (neither DISPLAY nor WAYLAND_DISPLAY is set): taking the tour instead.'
QT_QPA_PLATFORM=offscreen .venv/bin/python -m vae_studio tour --output tour
echo "The pictures are in $(pwd -P)/tour"
