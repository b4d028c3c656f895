#!/bin/sh
# Makes the Python environment of a requirements file, once, in the cache that clones share, and prints its interpreter:
#   sh test/bench/venv.sh test/bench/requirements.txt
# It is named after the file's content, so that other requirements make another one, and it gets its name when it is whole.
# FT_PYTHON_BENCH or FT_PYTHON_VERIFY (after the file's folder) names an interpreter to use in its place.
set -eu
requirements=$1
kind=$(basename "$(dirname "$requirements")")
own=$(eval "printf '%s' \"\${FT_PYTHON_$(printf '%s' "$kind" | tr a-z A-Z):-}\"")
if [ -n "$own" ]; then
  echo "$own"
  exit 0
fi

cache=${XDG_CACHE_HOME:-${HOME:?}/.cache}/ft
folder=$cache/venv-$kind-$(cksum <"$requirements" | cut -d ' ' -f 1)
if [ ! -d "$folder" ]; then
  mkdir -p "$cache"
  # What a killed call left.
  for old in "$cache/venv-$kind-"*.part-*; do
    [ -d "$old" ] && ! kill -0 "${old##*.part-}" 2>/dev/null && rm -rf "$old"
  done
  part=$folder.part-$$
  trap 'rm -rf "$part"' EXIT
  trap 'exit 130' INT TERM
  echo "making the Python environment of $requirements in $folder" >&2
  if ! python3 -m venv "$part" >&2; then
    echo "ft: python3 cannot make a virtual environment" >&2
    echo "  do this:  apt-get install -y python3-venv   (Debian, Ubuntu)" >&2
    exit 2
  fi
  "$part/bin/python" -m pip install -r "$requirements" >&2
  # Renamed when whole. Where another call was faster, its folder is there already and ours goes.
  python3 -c 'import os, sys; os.rename(*sys.argv[1:])' "$part" "$folder" 2>/dev/null || [ -d "$folder" ]
fi
echo "$folder/bin/python"
