/* cpus.h: how many cores this process may use. */
#ifndef BENCH_BASE_CPUS_H
#define BENCH_BASE_CPUS_H

/* The cores of the process's affinity, but not more than its cgroups admit; at least 1. */
int cpus_available(void);

/* The CPU time per time that the cgroups of this process admit, rounded up, at least 1; INT_MAX without a limit. It is
 * the least quota of its cgroup and those above it: cpu.max of cgroup v2, cpu.cfs_quota_us of v1 (Linux,
 * Documentation/admin-guide/cgroup-v2.rst and scheduler/sched-bwc.rst). What cannot be read sets no limit. `root` is
 * put before all paths: "", or a folder with a proc/ and sys/ of a test. */
int cpus_of_cgroups(const char* root);

#endif
