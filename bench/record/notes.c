#include "notes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/stats/statistics.h"
#include "json.h"
#include "terminal.h"
#include "text.h"

enum { PARTS = 5 };
static const double RISE = 0.2;  /* as a share of the lowest median */
static const double NOISE = 0.1; /* of a single loss, as a share of it */

static void add_note(json_t* notes, char* note) {
  json_array_append_new(notes, json_string(note));
  df_free(note);
}

/* the median of the finite values of loss [n]; NaN if there are none */
static double finite_median(int n, const double* loss) {
  double* finite = df_alloc((size_t)n, sizeof *finite);
  int count = 0;
  if (!finite) return NAN;
  for (int i = 0; i < n; i++) {
    if (isfinite(loss[i])) finite[count++] = loss[i];
  }
  df_sort(count, finite);
  const double median = df_estimate_sorted(DF_ESTIMATE_MEDIAN, count, finite);
  df_free(finite);
  return median;
}

void note_loss(json_t* notes, const char* network, int n, const double* loss) {
  const int parts = n < PARTS ? n : PARTS;
  if (parts < 2) return;
  /* medians of the parts; fmin ignores a NaN */
  double first = NAN, last = NAN, lowest = NAN;
  for (int p = 0; p < parts; p++) {
    const int begin = (int)((long)p * n / parts), end = (int)((long)(p + 1) * n / parts);
    const double median = finite_median(end - begin, loss + begin);
    if (p == 0) first = median;
    if (p == parts - 1) last = median;
    lowest = fmin(lowest, median);
  }
  if (isnan(first) || isnan(last)) return;
  if (last - first > NOISE / sqrt((double)n / parts) * fabs(first)) {
    add_note(notes, format_text("%s: the loss ends above its start: %.4g in the last part of the training, %.4g in the "
                                "first (medians)",
                                network, last, first));
  } else if (last - loss[0] > NOISE * fabs(loss[0])) {
    add_note(notes, format_text("%s: the loss ends above its start: %.4g in the last part of the training (median), "
                                "%.4g at first",
                                network, last, loss[0]));
  }
  if (last - lowest > RISE * fabs(lowest)) {
    add_note(notes, format_text("%s: the loss rises: %.4g in the last part of the training, %.4g in its lowest "
                                "(medians)",
                                network, last, lowest));
  }
}

void note_skipped(json_t* notes, const char* network, long steps, long skipped) {
  if (100 * skipped <= steps) return;
  add_note(notes, format_text("%s: %ld of %ld steps were skipped because their gradient was not finite", network,
                              skipped, steps));
}

void note_training(json_t* notes, const json_t* training) {
  size_t i, j;
  json_t *curve, *value;
  json_array_foreach(json_object_get(training, "curves"), i, curve) {
    const json_t* list = json_object_get(curve, "loss");
    const size_t n = json_array_size(list);
    double* loss = n ? df_alloc(n, sizeof *loss) : NULL;
    if (!loss) continue;
    json_array_foreach(list, j, value) loss[j] = number_of(value);
    const json_int_t whole_from = json_integer_value(json_object_get(curve, "whole_from"));
    const json_t* step = json_object_get(curve, "step");
    size_t first = 0; /* the point after a horizon curriculum */
    while (whole_from > 0 && first < n && json_integer_value(json_array_get(step, first)) <= whole_from) first++;
    note_loss(notes, string_of(curve, "name"), (int)(n - first), loss + first);
    note_skipped(notes, string_of(curve, "name"), (long)json_integer_value(json_object_get(curve, "steps")),
                 (long)json_integer_value(json_object_get(curve, "skipped")));
    df_free(loss);
  }
}

void note_floor(json_t* notes, const json_t* rows, const char* metric, double floor) {
  size_t i;
  json_t* one;
  json_array_foreach(rows, i, one) {
    const double value = number_of(json_object_get(one, "value"));
    const long long k = (long long)json_integer_value(json_object_get(one, "k"));
    if (strcmp(string_of(one, "metric"), metric) != 0 || !(value > floor)) continue;
    char at[48] = "", own[32], other[32];
    snprintf(own, sizeof own, "%.4g", value);
    snprintf(other, sizeof other, "%.4g", floor);
    if (strcmp(own, other) == 0) continue;
    if (k) snprintf(at, sizeof at, " at K = %lld", k);
    add_note(notes, format_text("worse than random actions: %s%s is %s, that of random_action on the same windows %s",
                                metric, at, own, other));
  }
}

void note_replayed(json_t* notes, const json_t* rows, const char* metric) {
  static const double FOLLOWS = 0.01;
  size_t i;
  json_t* one;
  json_array_foreach(rows, i, one) {
    const double value = number_of(json_object_get(one, "value"));
    const bool asked = strcmp(string_of(one, "metric"), metric) == 0;
    if (!asked || !(value > FOLLOWS)) continue;
    add_note(notes,
             format_text("the recorded actions do not reproduce the demonstrations as training simulates them: %s is "
                         "%.3g where the same simulation gives 0, so this is no ceiling of other methods; `dynaflow "
                         "replay` says why",
                         metric, value));
  }
}

void notes_print(const json_t* notes, size_t first, const char* name) {
  for (size_t i = first; i < json_array_size(notes); i++) {
    print_line(stderr, "dynaflow: warning: %s: %s", name, json_string_value(json_array_get(notes, i)));
  }
}
