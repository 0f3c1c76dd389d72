#!/bin/sh
# Makes few files of our sources, for a start that loads few: sh scripts/bundle/bundle.sh
# Packages stay files of their own, which `npm audit` sees, except TypeBox: it needs no other, and a start would
# load 200 files of it. Chunks are one folder below lib, as the files are that they are made of.
set -e
cd "$(dirname "$0")/../.."
sh scripts/install.sh scripts/bundle
rm -rf dist
typebox=./node_modules/@sinclair/typebox/build/esm
scripts/bundle/node_modules/.bin/esbuild cli.ts server.ts index.ts lib/decoder/main.ts \
  --bundle --splitting --format=esm --platform=node --target=node24 \
  --packages=external --alias:@sinclair/typebox=$typebox/index.mjs \
  --alias:@sinclair/typebox/value=$typebox/value/index.mjs --preserve-symlinks \
  --outbase=. --outdir=dist --chunk-names=lib/chunks/[name]-[hash] \
  --sourcemap=linked --sources-content=false --log-level=warning
cp node_modules/@sinclair/typebox/license dist/LICENSE-typebox
