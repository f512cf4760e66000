#!/bin/sh
# machine.sh: one line that names this machine, as every race prints it first.
model=$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1)
printf 'machine: %s, %s cores, load %s\n' "${model:-$(uname -m)}" "$(getconf _NPROCESSORS_ONLN)" \
    "$(cut -d ' ' -f 1 /proc/loadavg 2>/dev/null || echo unknown)"
