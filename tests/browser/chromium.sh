#!/usr/bin/env bash
# Makes sure that there is a Chromium for the browser tests, where that can be done; where not, they are skipped.
set -euo pipefail
for name in chromium chromium-browser google-chrome; do
  command -v "$name" > /dev/null && exit 0
done
if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then
  echo "There is no Chromium here, and no right to install one: the browser tests will be skipped"
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } > /dev/null 2>&1 ||
  echo "Chromium could not be installed: the browser tests will be skipped"
