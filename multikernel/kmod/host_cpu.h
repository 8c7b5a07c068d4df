/* SPDX-License-Identifier: GPL-2.0 */
/* What the host's own handling of its CPUs says, and does, about those of instances. */
#ifndef MULTIKERNEL_HOST_CPU_H
#define MULTIKERNEL_HOST_CPU_H

#include "instance.h"

/*
 * SMT is on, or cannot be switched off (nosmt, nosmt=force,
 * /sys/devices/system/cpu/smt). Reads a file, which others can hold up: not
 * under mk_changes, for which the host's reboot waits.
 */
bool mk_threads_allowed(void);

/*
 * -EPERM, and a line in the log: without `threads` no further thread of a core
 * is started, as a host with SMT off brings none online.
 */
int mk_cpus_allowed(const struct mk_cpus *cpus, bool threads);

/*
 * Brings the CPU online in the host and offline again, which leaves it as all
 * that are offline: with machine checks on, in the host's code. Not under locks
 * that a callback of the host takes.
 */
int mk_cpu_give_back(unsigned int cpu);

#endif
