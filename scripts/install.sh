#!/bin/sh
# Installs the packages of a folder that has a package.json of its own, on first use and whenever its lockfile
# has changed: sh scripts/install.sh FOLDER
set -e
cd "$1"

# Processes that begin at the same time wait for one of them, where the system has flock.
exec 9<package-lock.json
if command -v flock >/dev/null; then flock 9; fi

# The copy is made last: an install that was cut off has none.
if ! cmp -s package-lock.json node_modules/package-lock.json; then
  # A Node that does not come from the system trusts the system's certificate authorities only when asked to.
  NODE_USE_SYSTEM_CA=1 npm ci --no-audit --no-fund >&2 9<&-
  cp package-lock.json node_modules/
fi
