#!/bin/sh
# Runs a program of the packages in scripts/tools: sh scripts/tool.sh biome check .
set -e
scripts=$(dirname "$0")
sh "$scripts/install.sh" "$scripts/tools"
exec "$scripts/tools/node_modules/.bin/$@"
