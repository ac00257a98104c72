#!/usr/bin/env bash
# A Slurm of one node on this machine, and seqtrain's sweeps on it: as root, on Debian or Ubuntu, by hand.
# A job array, a task that is killed, the same line again, and a training of two tasks. See docs/sweeps.md.
set -euo pipefail
cd "$(dirname "$0")/.."
python=$PWD/.venv/bin/python
export PYTHONPATH=$PWD/src

say() { printf '\n== %s\n' "$*"; }

refuse() {
    grep -q seqtrain-slurm /etc/slurm/slurm.conf 2>/dev/null && return
    [ ! -e /etc/slurm/slurm.conf ] || { echo "this machine has a Slurm of its own: run this where there is none"; exit 1; }
}

install() {
    command -v slurmctld >/dev/null && command -v munged >/dev/null && return
    say "installing slurm-wlm and munge"
    apt-get update -q && apt-get install -y -q slurm-wlm munge
}

start() {
    say "starting munged, slurmctld and slurmd"
    mkdir -p /run/munge /var/spool/seqtrain-slurm /etc/slurm
    [ -f /etc/munge/munge.key ] || mungekey --create
    chown -R munge:munge /run/munge /etc/munge /var/lib/munge /var/log/munge
    pgrep munged >/dev/null || runuser -u munge -- munged
    cat > /etc/slurm/slurm.conf <<CONF
ClusterName=one
SlurmctldHost=$(hostname)
SlurmUser=root
AuthType=auth/munge
StateSaveLocation=/var/spool/seqtrain-slurm/state
SlurmdSpoolDir=/var/spool/seqtrain-slurm/node
SlurmctldLogFile=/var/spool/seqtrain-slurm/slurmctld.log
SlurmdLogFile=/var/spool/seqtrain-slurm/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
SchedulerParameters=sched_interval=2
NodeName=$(hostname) CPUs=$(nproc) RealMemory=$(awk '/MemTotal/ {print int($2 / 1100)}' /proc/meminfo) State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
CONF
    mkdir -p /var/spool/seqtrain-slurm/state /var/spool/seqtrain-slurm/node
    pgrep slurmctld >/dev/null || slurmctld
    pgrep slurmd >/dev/null || slurmd
    for _ in $(seq 30); do
        sinfo --noheader --format %t | grep -q '^\(idle\|mix\|alloc\)' && return
        sleep 1
    done
    sinfo && exit 1
}

stop() {
    scancel --name seqtrain 2>/dev/null || true
    pkill slurmd || true
    pkill slurmctld || true
}

folder=$(mktemp -d "${TMPDIR:-/tmp}/seqtrain-cluster.XXXXXX")
line=("$python" -m seqtrain train -m launcher=slurm launcher.timeout_min=10 launcher.poll_seconds=2)
small=(data.train_size=400 data.val_size=32 data.test_size=32)

sweep() {
    say "a sweep as a job array"
    (cd "$folder" && "${line[@]}" sweep=array seed=0,1,2,3 "${small[@]}" trainer.max_epochs=3)
}

kill_one() {
    say "a task is killed, and the same line completes the sweep"
    cd "$folder"
    "${line[@]}" sweep=killed seed=0,1 data.train_size=2400 trainer.max_epochs=30 > killed.log 2>&1 &
    local waiting=$!
    until [ "$(find outputs/sweeps/killed -name last.ckpt 2>/dev/null | wc -l)" -ge 1 ]; do sleep 0.5; done
    pkill -KILL --oldest -f '^[^ ]*python[^ ]* .*submitit.core._submit' || { echo 'there is no task'; exit 1; }
    wait "$waiting" && { echo "the sweep should have told a failed trial"; exit 1; }
    cat killed.log
    "${line[@]}" sweep=killed seed=0,1 data.train_size=2400 trainer.max_epochs=30
    cd - >/dev/null
}

together() {
    say "a training of two tasks"
    cd "$folder"
    "${line[@]}" sweep=together seed=0 launcher.tasks_per_node=2 trainer=ddp trainer.devices=2 "${small[@]}" \
        trainer.max_epochs=3
    cd - >/dev/null
}

refuse
install
trap stop EXIT
start
sweep
kill_one
together
say "all is well; the runs are in $folder"
