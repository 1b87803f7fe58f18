#!/usr/bin/env bash
# Opens the page in a headless Chromium and checks what it shows, with screenshots to look at.
#
#     apt-get update && apt-get install -y chromium nodejs npm
#     examples/websocket_broadcast/e2e.sh [directory for the screenshots]
#
# Needs Node 20 or later; takes playwright-core, the driver of the browser, from npm. Takes about
# 40 seconds after the build. Without an argument all goes to target/e2e. CHROMIUM names another
# browser than /usr/bin/chromium.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
target=${CARGO_TARGET_DIR:-target}
work=$target/e2e
shots=$(realpath -m "${1:-$work}")
mkdir -p "$work" "$shots"

cargo build --release --example websocket_broadcast
npm install --silent --no-audit --no-fund --no-save --prefix "$work" playwright-core@1
# Modules are looked for beside the script that imports them.
cp "$here/e2e.mjs" "$work/"
timeout 180 node "$work/e2e.mjs" "$target/release/examples/websocket_broadcast" "$shots"
