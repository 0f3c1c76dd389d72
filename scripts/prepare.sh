#!/bin/sh
# npm runs this after an install, on whatever Node the machine has. Scripts of npm look for their programs in
# node_modules/.bin first.
set -e

# The oldest that the project runs on, as in the Dockerfile.
is_new_enough() {
  "$1" -e 'const [major, minor] = process.versions.node.split("."); process.exit(major * 100 + +minor >= 2419 ? 0 : 1)'
}

if ! is_new_enough node; then
  npm ci --prefix scripts/node --no-audit --no-fund || true
  binary=$(echo scripts/node/node_modules/node-*/bin/node)
  if ! is_new_enough "$binary" 2>/dev/null; then
    echo "Node $(node -v) is too old, and npm could not bring a newer one for $(uname -sm):" \
      'install Node 24.19 or newer, then run npm ci again.' >&2
    exit 1
  fi
  mv "$binary" node_modules/.bin/
  rm -r scripts/node/node_modules
fi

# Without the development dependencies there is no tap.
if [ -e node_modules/.bin/tap ]; then tap build; fi
