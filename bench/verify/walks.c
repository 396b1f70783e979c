#include "walks.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "numbers.h"

/* ---- walks ---- */

static const json_t* windows_of(const json_t* record, const char* field) {
  return json_object_get(json_object_get(record, "windows"), field);
}

static void check_gaits(verifier* v, const json_t* record) {
  const json_t* group = windows_of(record, "group");
  const size_t gaits = json_array_size(windows_of(record, "groups"));
  size_t i;
  json_t* one;
  v->looked++;
  json_array_foreach(group, i, one) {
    if (gaits && json_integer_value(one) == (json_int_t)(i % gaits)) continue;
    verify_find(v, VERIFY_FAILED, record, "walk %zu is of gait %lld, but the %zu gaits take turns", i,
                (long long)json_integer_value(one), gaits);
    return;
  }
  int walks = 0;
  if (sscanf(string_of(record, "trials"), "walks %d", &walks) == 1 && walks == record_windows(record)) return;
  verify_find(v, VERIFY_FAILED, record, "%d walks, but the trials are '%s'", record_windows(record),
              string_of(record, "trials"));
}

static void check_falls(verifier* v, const json_t* record) {
  static const char* const errors[] = {"velocity_error", "yaw_rate_error", "contact_agreement"};
  const json_t* falls = number_values(record, "fall_rate", 0);
  size_t i;
  json_t* one;
  json_array_foreach(falls, i, one) {
    const double fell = number_of(one);
    v->looked++;
    if (fell != 0 && fell != 1) {
      verify_find(v, VERIFY_FAILED, record, "fall_rate: value %zu (samples) is %g, expected 0 or 1", i, fell);
      return;
    }
    for (size_t k = 0; k < sizeof errors / sizeof *errors && fell == 1; k++) {
      const double error = number_at(number_values(record, errors[k], 0), i);
      if (isnan(error)) continue;
      verify_find(v, VERIFY_FAILED, record, "walk %zu fell (fall_rate), but has the %s %g", i, errors[k], error);
      return;
    }
  }
}

/* the row of a metric of one gait, against the values of its walks */
static void check_gait(verifier* v, const json_t* record, const char* metric, int gait, const char* name) {
  const json_t *values = number_values(record, metric, 0), *group = windows_of(record, "group");
  char of_gait[96];
  double sum = 0, size = 0;
  int n = 0;
  if (snprintf(of_gait, sizeof of_gait, "%s.%s", metric, name) >= (int)sizeof of_gait) return;
  for (size_t i = 0; i < json_array_size(values); i++) {
    const double one = number_at(values, i);
    if (json_integer_value(json_array_get(group, i)) != gait || isnan(one)) continue;
    sum += one;
    size = fmax(size, fabs(one));
    n++;
  }
  const json_t* number = number_row(record, of_gait, 0);
  v->looked++;
  if (number_n(number) != n) {
    verify_find(v, VERIFY_FAILED, record, "%s: n is %d, but %d walks of the gait have the number (samples)", of_gait,
                number_n(number), n);
  } else if (n && !(fabs(number_value(number) - sum / n) <= ROUNDING * size)) {
    verify_find(v, VERIFY_FAILED, record, "%s: the value is %.9g, but the mean of the gait's %d walks is %.9g", of_gait,
                number_value(number), n, sum / n);
  }
}

static void check_gait_rows(verifier* v, const json_t* record) {
  size_t i, k;
  json_t *one, *name;
  json_array_foreach(json_object_get(record, "samples"), i, one) {
    json_array_foreach(windows_of(record, "groups"), k, name)
        check_gait(v, record, string_of(one, "metric"), (int)k, json_string_value(name));
  }
}

static void check_reward(verifier* v, const json_t* record) {
  const double alive = record_real(record, "expert.alive"), reward = number_value(number_row(record, "reward", 0));
  double costs = 0;
  size_t i;
  json_t* number;
  json_array_foreach(json_object_get(record, "rows"), i, number) {
    if (strncmp(string_of(number, "metric"), "cost.", strlen("cost.")) == 0) costs += number_value(number);
  }
  if (isnan(alive)) return;
  v->looked++;
  if (fabs(alive - costs - reward) <= ROUNDING * (fabs(alive) + fabs(costs))) return;
  verify_find(v, VERIFY_FAILED, record, "the reward is %.9g, but expert.alive, %g, minus the costs, %.9g, is %.9g",
              reward, alive, costs, alive - costs);
}

/* ---- the training ---- */

static double actions_of_update(const json_t* record) {
  return (double)record_count(record, "expert.robots") * (double)record_count(record, "expert.horizon");
}

static void check_work(verifier* v, const json_t* record) {
  const double updates = (double)record_count(record, "expert.updates"), actions = updates * actions_of_update(record);
  const double lost = number_value(number_row(record, "effort.lost", 0));
  const struct {
    const char* name;
    double found, wanted;
  } counts[] = {{"effort.updates", number_value(number_row(record, "effort.updates", 0)), updates},
                {"effort.actions", number_value(number_row(record, "effort.actions", 0)), actions},
                {"training.steps", number_of(json_object_get(json_object_get(record, "training"), "steps")), updates}};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    v->looked++;
    if (counts[i].found == counts[i].wanted) continue;
    verify_find(v, VERIFY_FAILED, record, "%s is %.0f, but the settings (expert.*) give %.0f", counts[i].name,
                counts[i].found, counts[i].wanted);
  }
  if (lost > actions) verify_find(v, VERIFY_FAILED, record, "effort.lost is %.0f of %.0f actions", lost, actions);
}

/* point i of the curve: what is wrong with it, or NULL */
static const char* wrong_point(const json_t* record, const json_t* curve, size_t i) {
  const json_t *update = json_object_get(curve, "update"), *cpu = json_object_get(curve, "cpu_s");
  const double at = number_at(update, i), before = i ? number_at(update, i - 1) : 0;
  if (!(at > before)) return "its updates do not increase";
  if (number_at(json_object_get(curve, "steps"), i) != at * actions_of_update(record))
    return "its steps are not those of its updates";
  if (!(number_at(cpu, i) >= (i ? number_at(cpu, i - 1) : 0))) return "its CPU time decreases";
  if (!(number_at(json_object_get(curve, "falls"), i) <= (at - before) * actions_of_update(record)))
    return "it has more falls than actions";
  return NULL;
}

static void check_learning(verifier* v, const json_t* record) {
  static const char* const lists[] = {"update", "steps", "cpu_s", "reward", "falls", "velocity_error"};
  const json_t* curve = json_object_get(record, "learning");
  const size_t n = json_array_size(json_object_get(curve, "update"));
  v->looked++;
  for (size_t k = 0; k < sizeof lists / sizeof *lists; k++) {
    const size_t has = json_array_size(json_object_get(curve, lists[k]));
    if (has == n) continue;
    verify_find(v, VERIFY_FAILED, record, "the learning curve has %zu updates, but %zu numbers of %s", n, has,
                lists[k]);
    return;
  }
  for (size_t i = 0; i < n; i++) {
    const char* wrong = wrong_point(record, curve, i);
    if (!wrong) continue;
    verify_find(v, VERIFY_FAILED, record, "point %zu of the learning curve: %s", i, wrong);
    return;
  }
  const double last = n ? number_at(json_object_get(curve, "update"), n - 1) : 0;
  const double cpu = n ? number_at(json_object_get(curve, "cpu_s"), n - 1) : 0;
  const double updates = (double)record_count(record, "expert.updates");
  const double seconds = number_of(json_object_get(record, "train_cpu_s"));
  if (last != updates) {
    verify_find(v, VERIFY_FAILED, record, "the learning curve ends at update %.0f of %.0f", last, updates);
  } else if (!(fabs(cpu - seconds) <= ROUNDING * seconds)) {
    verify_find(v, VERIFY_FAILED, record, "the learning curve ends after %.9g CPU s, but train_cpu_s is %.9g", cpu,
                seconds);
  }
}

/* ---- all of them ---- */

static void check_record(verifier* v, const json_t* record) {
  if (!record_is_current(record) || !record_is_expert(record)) return;
  check_gaits(v, record);
  check_falls(v, record);
  check_gait_rows(v, record);
  check_reward(v, record);
  check_work(v, record);
  check_learning(v, record);
}

void check_walks(verifier* v) {
  verify_done(v, check_record);
}
