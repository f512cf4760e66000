#!/bin/sh
# find_stb.sh [FOLDER]: prints the folder that holds stb_image.h 2.26 or later, for the compiler's -I.
# Looked for in FOLDER, else in $STB_DIR; when neither is given: where packages put it, and beside this script.
# When it is not there: exit status 1, nothing on standard output, one line on standard error.
set -u
needed=26                                               # 2.26 bounds the size of an image before it allocates
named=${1:-${STB_DIR:-}}

# The NN of "v2.NN" in the first lines of the file; nothing for another file.
version() {
    sed -n '1,5s/.*stb_image - v2\.\([0-9][0-9]*\).*/\1/p' "$1" 2>/dev/null | head -n 1
}

if [ -n "$named" ]; then
    set -- "$named"
else
    set -- /usr/include/stb /usr/local/include/stb /usr/local/include /usr/include "$(dirname "$0")"
fi

old=
for folder in "$@"; do
    [ -f "$folder/stb_image.h" ] || continue
    found=$(version "$folder/stb_image.h")
    if [ -n "$found" ] && [ "$found" -ge "$needed" ]; then
        printf '%s\n' "$folder"
        exit 0
    fi
    old="$folder/stb_image.h is of version ${found:+2.}${found:-unknown}, 2.$needed is needed"
done
printf 'find_stb.sh: %s (install libstb-dev, or name a folder that holds stb_image.h with STB_DIR=FOLDER)\n' \
    "${old:-there is no stb_image.h in $*}" >&2
exit 1
