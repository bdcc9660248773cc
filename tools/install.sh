#!/usr/bin/env bash
# Make a virtual environment with the newest suitable Python and install a lock file into it with uv.
# Usage: tools/install.sh VENV REQUIREMENTS
set -euo pipefail
venv=$1
requirements=$2

newest_python() {
    local name
    for name in python3.13 python3.12 python3.11 python3; do
        # a name alone proves nothing: version managers leave stand-ins that only print an error
        if "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1; then
            command -v "$name"
            return
        fi
    done
    echo "Nightshift needs Python 3.11, 3.12 or 3.13; none of python3.13, python3.12, python3.11, python3 is one." >&2
    echo "Install one of them (Debian: apt-get install python3 python3-venv) and run this again." >&2
    return 1
}

if [ ! -x "$venv/bin/python" ]; then
    python=$(newest_python)
    if command -v uv >/dev/null 2>&1; then
        uv venv --quiet --python "$python" "$venv"
    else
        "$python" -m venv "$venv"
    fi
fi

uv=$(command -v uv || true)
if [ -z "$uv" ]; then
    [ -x "$venv/bin/uv" ] || "$venv/bin/python" -m pip install --quiet --disable-pip-version-check uv
    uv="$venv/bin/uv"
fi
echo "Installing $requirements into $venv …"
# the lock is complete, so nothing is resolved here; hashes are checked
"$uv" pip install --quiet --python "$venv/bin/python" --no-deps --require-hashes --compile-bytecode -r "$requirements"
