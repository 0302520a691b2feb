#!/usr/bin/env bash
# A real SLURM on this machine alone, for tests of the cluster profile: from Debian's packages, without systemd.
# usage: scripts/slurm.sh start FOLDER | restart FOLDER | stop FOLDER      (as root)
# All it writes is in FOLDER, but for the link /etc/slurm/slurm.conf, which `stop` takes away: in a job, the plugin takes SLURM's
# variables out of the environment, SLURM_CONF too.
set -euo pipefail

die() {
    printf 'slurm: error: %s\n' "$*" >&2
    exit 2
}

[ $# = 2 ] || die "two words wanted. Fix: slurm.sh start|restart|stop FOLDER"
[ "$(id -u)" = 0 ] || die "SLURM's daemons want root. Fix: run as root"
for program in munged slurmctld slurmd; do
    command -v "$program" >/dev/null || [ -x "/usr/sbin/$program" ] ||
        die "no $program. Fix: apt-get install --no-install-recommends slurm-wlm munge"
done
PATH=$PATH:/usr/sbin
mkdir -p "$2"
folder=$(cd "$2" && pwd)
configuration=$folder/slurm.conf
link=/etc/slurm/slurm.conf
unset SLURM_CONF

write_configuration() {
    local host memory_mb cpus
    host=$(hostname -s)
    memory_mb=$(awk '/^MemTotal/ {print int($2 / 1024 * 0.9)}' /proc/meminfo)
    cpus=$(nproc)
    cat >"$configuration" <<END
ClusterName=onemachine
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=26817
SlurmdPort=26818
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=2
JobAcctGatherParams=OverMemoryKill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
ReturnToService=2
MpiDefault=none
MinJobAge=43200
KillWait=5
SlurmctldTimeout=30
SlurmdTimeout=30
AccountingStorageType=accounting_storage/none
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cpus RealMemory=$memory_mb State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=24:00:00 DefMemPerCPU=1000 State=UP
END
}

wait_for() { # until a command succeeds, 20 s at most
    local _
    for _ in $(seq 200); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.1
    done
    die "not in 20 s: $*; see $folder/*.log"
}

is_idle() { sinfo --noheader --format=%t | grep -qE '^(idle|mix|alloc)$'; }

ended() { ! kill -0 "$1" 2>/dev/null; }

stop_daemon() { # by the id in its own file, and only if that process is still this program
    local pid_file=$1 program=$2 pid
    [ -f "$pid_file" ] || return 0
    pid=$(cat "$pid_file")
    if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$program" ]; then
        kill "$pid"
        wait_for ended "$pid"
    fi
    rm -f "$pid_file"
}

start() {
    mkdir -p "$folder/munge" "$folder/state" "$folder/spool"
    chmod 0755 "$folder/munge"
    [ -f "$folder/munge/key" ] || (umask 077 && head -c 128 /dev/urandom >"$folder/munge/key")
    grep -qw "$(hostname -s)" /etc/hosts || die "$(hostname -s) is not in /etc/hosts. Fix: add '127.0.0.1 $(hostname -s)' to it"
    write_configuration
    if [ -e "$link" ] || [ -L "$link" ]; then
        [ "$(readlink "$link")" = "$configuration" ] || die "there is a SLURM on this machine ($link). Fix: use that one"
    fi
    mkdir -p "${link%/*}"
    ln -sf "$configuration" "$link"
    munged --force --key-file="$folder/munge/key" --socket="$folder/munge/socket" --pid-file="$folder/munge/pid" \
        --log-file="$folder/munge/log" --seed-file="$folder/munge/seed" 2>/dev/null
    wait_for test -S "$folder/munge/socket"
    slurmctld
    slurmd
    wait_for is_idle
}

stop() {
    scancel --quiet --user=root 2>/dev/null || true
    stop_daemon "$folder/slurmd.pid" slurmd
    stop_daemon "$folder/slurmctld.pid" slurmctld
    stop_daemon "$folder/munge/pid" munged
    if [ "$(readlink "$link")" = "$configuration" ]; then rm "$link"; fi
}

case $1 in
start) start ;;
restart) # of the controller alone, as after its machine failed: killed, not asked to end
    pid=$(cat "$folder/slurmctld.pid" 2>/dev/null) || die "no controller of $folder runs. Fix: slurm.sh start $folder"
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = slurmctld ] || die "no controller of $folder runs. Fix: slurm.sh start $folder"
    kill -KILL "$pid"
    slurmctld
    wait_for is_idle
    ;;
stop) stop ;;
*) die "no $1. Fix: start, restart or stop" ;;
esac
