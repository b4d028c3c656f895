#!/bin/sh
# Looks for what `make setup` needs from the system and names everything that is missing, with the line that installs it.
#   sh src/cli/prerequisites.sh              one message, exit code 2 when something is missing
#   sh src/cli/prerequisites.sh --packages   only the names of the missing Debian packages
set -u

faults=''
packages=''
miss() { # what is missing, Debian's packages that bring it
  faults="${faults}  missing:  $1
"
  packages="$packages $2"
}
has() { command -v "$1" >/dev/null 2>&1; }

if ! has node; then
  miss 'node, version 20.9 or newer' nodejs
elif ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 9) ? 0 : 1)'; then
  miss "node, version 20.9 or newer (found $(node --version))" nodejs
fi
has npm || miss npm npm

if [ "$(uname -s)" = Darwin ]; then compiler=${CXX:-clang++}; else compiler=${CXX:-g++}; fi
has "$compiler" || miss "the C++ compiler $compiler" g++

if ! has python3; then
  miss "python3 with pip (it fetches TensorFlow's library)" 'python3 python3-pip'
elif ! python3 -m pip --version >/dev/null 2>&1; then
  miss "pip for python3 (it fetches TensorFlow's library)" python3-pip
fi

packages=${packages# }
if [ "${1-}" = --packages ]; then
  [ -z "$packages" ] || echo "$packages"
  exit 0
fi
[ -n "$faults" ] || exit 0

if [ "$(id -u)" = 0 ]; then sudo=''; else sudo='sudo '; fi
{
  echo 'ft cannot be set up on this machine yet:'
  printf '%s' "$faults"
  if [ "$(uname -s)" = Darwin ]; then
    echo '  do this:  xcode-select --install   (compiler, python3, pip); brew install node'
  else
    echo "  do this:  ${sudo}apt-get install -y $packages"
  fi
  case " $packages " in
    *' nodejs '*) echo "            (where the system's nodejs is older than 20.9, e.g. on Debian 12: take it from nodejs.org)" ;;
  esac
} >&2
exit 2
