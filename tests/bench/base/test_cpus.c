/* The cores that a process may use: cgroups in folders made like /proc and /sys. */
#define _GNU_SOURCE
#include "cpus.h"

#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static char root[] = "/tmp/test_cpus.XXXXXX";

/* writes a file below the root, and the folders that it is in */
static void put(const char* path, const char* content) {
  char name[512];
  snprintf(name, sizeof name, "%s%s", root, path);
  for (char* slash = strchr(name + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    mkdir(name, 0755);
    *slash = '/';
  }
  FILE* file = fopen(name, "w");
  assert_non_null(file);
  fputs(content, file);
  fclose(file);
}

static void begin(void) {
  strcpy(strrchr(root, '.'), ".XXXXXX");
  assert_non_null(mkdtemp(root));
}

static void end(void) {
  char command[64];
  snprintf(command, sizeof command, "rm -rf %s", root);
  assert_int_equal(system(command), 0);
}

#define MOUNT_V2 "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"

static int of_v2(const char* path, const char* own, const char* above) {
  char line[256];
  begin();
  put("/proc/self/mountinfo", "22 27 0:21 / /proc rw,relatime - proc proc rw\n" MOUNT_V2);
  snprintf(line, sizeof line, "0::%s\n", path);
  put("/proc/self/cgroup", line);
  snprintf(line, sizeof line, "/sys/fs/cgroup%s/cpu.max", path);
  if (own) put(line, own);
  put("/sys/fs/cgroup/jobs/cpu.max", above);
  const int n = cpus_of_cgroups(root);
  end();
  return n;
}

static void a_quota_of_v2_is_rounded_up(void** state) {
  (void)state;
  assert_int_equal(of_v2("/jobs/one", "max 100000\n", "max 100000\n"), INT_MAX);
  assert_int_equal(of_v2("/jobs/one", "200000 100000\n", "max 100000\n"), 2);
  assert_int_equal(of_v2("/jobs/one", "150000 100000\n", "max 100000\n"), 2);
  assert_int_equal(of_v2("/jobs/one", "200001 100000\n", "max 100000\n"), 3);
  assert_int_equal(of_v2("/jobs/one", "1000 100000\n", "max 100000\n"), 1);
  assert_int_equal(of_v2("/jobs/one", "25000 50000\n", "max 100000\n"), 1);
}

static void the_least_quota_above_counts(void** state) {
  (void)state;
  assert_int_equal(of_v2("/jobs/one/two", "400000 100000\n", "300000 100000\n"), 3);
  assert_int_equal(of_v2("/jobs/one/two", "200000 100000\n", "300000 100000\n"), 2);
  assert_int_equal(of_v2("/jobs/one/two", NULL, "300000 100000\n"), 3);
  /* the cgroup of another job */
  assert_int_equal(of_v2("/other", "max 100000\n", "300000 100000\n"), INT_MAX);
}

static int of_v1(const char* path, const char* top, const char* folder, const char* quota, const char* period) {
  char text[1024];
  begin();
  snprintf(text, sizeof text,
           "32 31 0:29 %s /sys/fs/cgroup/cpu\\054cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
           "34 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n",
           top);
  put("/proc/self/mountinfo", text);
  snprintf(text, sizeof text, "3:cpuset:/decoy\n2:cpu,cpuacct:%s\n1:name=systemd:/decoy\n0::/decoy\n", path);
  put("/proc/self/cgroup", text);
  put("/sys/fs/cgroup/cpuset/decoy/cpu.cfs_quota_us", "100000\n");
  put("/sys/fs/cgroup/cpuset/decoy/cpu.cfs_period_us", "100000\n");
  snprintf(text, sizeof text, "/sys/fs/cgroup/cpu,cpuacct%s/cpu.cfs_quota_us", folder);
  put(text, quota);
  snprintf(text, sizeof text, "/sys/fs/cgroup/cpu,cpuacct%s/cpu.cfs_period_us", folder);
  put(text, period);
  const int n = cpus_of_cgroups(root);
  end();
  return n;
}

static void a_quota_of_v1_is_that_of_the_controller_cpu(void** state) {
  (void)state;
  assert_int_equal(of_v1("/slurm/job", "/", "/slurm/job", "-1\n", "100000\n"), INT_MAX);
  assert_int_equal(of_v1("/slurm/job", "/", "/slurm/job", "350000\n", "100000\n"), 4);
  assert_int_equal(of_v1("/slurm/job", "/", "/slurm", "500000\n", "250000\n"), 2);
  assert_int_equal(of_v1("/slurm/job", "/", "", "700000\n", "100000\n"), 7);
}

/* a container sees its own cgroup as the top, under the path outside or under one that it cannot see */
static void in_a_container_paths_begin_with_what_is_mounted(void** state) {
  (void)state;
  assert_int_equal(of_v1("/docker/abc", "/docker/abc", "", "250000\n", "100000\n"), 3);
  assert_int_equal(of_v1("/docker/abc/in", "/docker/abc", "/in", "150000\n", "100000\n"), 2);
  assert_int_equal(of_v1("/docker/abcd", "/docker/abc", "", "150000\n", "100000\n"), 2);
  assert_int_equal(of_v1("/../..", "/", "", "600000\n", "100000\n"), 6);
}

static void without_cgroups_there_is_no_limit(void** state) {
  (void)state;
  begin();
  assert_int_equal(cpus_of_cgroups(root), INT_MAX);
  put("/proc/self/mountinfo", MOUNT_V2 "\ngarbage\n1 2 - cgroup2\n");
  assert_int_equal(cpus_of_cgroups(root), INT_MAX);
  put("/proc/self/cgroup", "\n0\n0::\nx:y\n");
  assert_int_equal(cpus_of_cgroups(root), INT_MAX);
  put("/sys/fs/cgroup/cpu.max", "\n");
  assert_int_equal(cpus_of_cgroups(root), INT_MAX);
  put("/sys/fs/cgroup/cpu.max", "0 100000\n");
  assert_int_equal(cpus_of_cgroups(root), INT_MAX);
  put("/sys/fs/cgroup/cpu.max", "5 0\n");
  assert_int_equal(cpus_of_cgroups(root), INT_MAX);
  end();
}

static void a_process_of_one_core_has_one(void** state) {
  (void)state;
  cpu_set_t all, one;
  assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
  CPU_ZERO(&one);
  for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++) {
    if (CPU_ISSET(i, &all)) CPU_SET(i, &one);
  }
  assert_in_range(cpus_available(), 1, CPU_COUNT(&all));
  assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
  assert_int_equal(cpus_available(), 1);
  assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_quota_of_v2_is_rounded_up),
      cmocka_unit_test(the_least_quota_above_counts),
      cmocka_unit_test(a_quota_of_v1_is_that_of_the_controller_cpu),
      cmocka_unit_test(in_a_container_paths_begin_with_what_is_mounted),
      cmocka_unit_test(without_cgroups_there_is_no_limit),
      cmocka_unit_test(a_process_of_one_core_has_one),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
