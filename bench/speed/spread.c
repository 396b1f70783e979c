#define _GNU_SOURCE
#include "spread.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "dynaflow/core/clock.h"
#include "dynaflow/stats/statistics.h"
#include "terminal.h"

spread spread_of(int n, double* values) {
  df_sort(n, values);
  spread s = {.n = n,
              .median = df_quantile(n, values, 0.5),
              .low = df_quantile(n, values, 0.25),
              .high = df_quantile(n, values, 0.75)};
  const double fence = s.high + 3 * (s.high - s.low);
  for (int i = 0; i < n; i++) s.outliers += values[i] > fence;
  return s;
}

void paired_ratios(int n, const double* above, const double* below, double* values) {
  for (int i = 0; i < n; i++) values[i] = above[i] / below[i];
}

/* ---- how busy the machine was ---- */

bool machine_time_parse(const char* line, machine_time* out) {
  /* user, nice, system, idle, iowait, irq, softirq, steal; guest time is part of user time */
  double t[8] = {0};
  *out = (machine_time){0};
  if (sscanf(line, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", t, t + 1, t + 2, t + 3, t + 4, t + 5, t + 6, t + 7) != 8) {
    return false;
  }
  for (int i = 0; i < 8; i++) out->total += t[i];
  out->idle = t[3] + t[4];
  out->stolen = t[7];
  return true;
}

machine_time machine_time_now(void) {
  machine_time out = {0};
  char line[512] = "";
  FILE* file = fopen("/proc/stat", "r");
  if (file) {
    if (fgets(line, sizeof line, file)) (void)machine_time_parse(line, &out);
    fclose(file);
  }
  out.own = df_clock_cpu();
  return out;
}

machine_load machine_load_between(const machine_time* from, const machine_time* to, double ticks) {
  const double total = to->total - from->total, stolen = to->stolen - from->stolen;
  const double busy = total - (to->idle - from->idle) - stolen, own = ticks * (to->own - from->own);
  machine_load out = {.others = NAN, .stolen = NAN, .average = NAN};
  if (!(total > 0)) return out;
  out.others = fmax(busy - own, 0) / total;
  out.stolen = stolen / total;
  return out;
}

machine_load machine_load_since(const machine_time* from) {
  const machine_time now = machine_time_now();
  machine_load out = machine_load_between(from, &now, (double)sysconf(_SC_CLK_TCK));
  double average;
  if (getloadavg(&average, 1) == 1) out.average = average;
  return out;
}

void warn_busy(const options* opts, const machine_load* load) {
  static const double OTHERS_MAX = 0.1, STOLEN_MAX = 0.01;
  if (opts->quiet) return;
  if (load->others > OTHERS_MAX) {
    print_line(stderr,
               "dynaflow: warning: other processes used %.0f %% of this machine (load average %.1f); CPU times may be "
               "too long, and wall times are; repeat the measurement on an idle machine",
               100 * load->others, load->average);
  }
  if (load->stolen > STOLEN_MAX) {
    print_line(stderr, "dynaflow: warning: %.0f %% of the processor time was taken by other guests of the host",
               100 * load->stolen);
  }
}

void warn_outliers(const options* opts, const char* what, const spread* s) {
  if (opts->quiet || s->outliers * 20 <= s->n) return;
  print_line(stderr, "dynaflow: warning: %d of %d measurements of the %s are outliers, far above the upper quartile",
             s->outliers, s->n, what);
}
