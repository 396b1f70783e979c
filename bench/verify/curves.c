#include "curves.h"

#include <stdbool.h>

#include "json.h"
#include "numbers.h"

/* a curve, or the validation of one */
typedef struct curve {
  const json_t *record, *step, *loss;
  const char *name, *kind; /* of its network; "curve" or "validation" */
} curve;

static bool has_equal_lengths(verifier* v, const curve* c) {
  const size_t n = json_array_size(c->step), losses = json_array_size(c->loss);
  v->looked++;
  if (n == losses) return true;
  verify_find(v, VERIFY_FAILED, c->record, "the %s of '%s' has %zu steps, but %zu losses", c->kind, c->name, n, losses);
  return false;
}

static void check_points(verifier* v, const curve* c) {
  json_int_t before = 0;
  size_t i;
  json_t* step;
  json_array_foreach(c->step, i, step) {
    const json_int_t at = json_integer_value(step);
    if (at <= before) {
      verify_find(v, VERIFY_FAILED, c->record, "the %s of '%s' goes from step %lld to %lld, expected increasing steps",
                  c->kind, c->name, (long long)before, (long long)at);
      return;
    }
    if (number_at(c->loss, i) < 0) {
      verify_find(v, VERIFY_FAILED, c->record,
                  "the %s of '%s' has the loss %g at step %lld, but a squared error is not negative", c->kind, c->name,
                  number_at(c->loss, i), (long long)at);
      return;
    }
    before = at;
  }
}

static json_int_t last_of(const json_t* steps) {
  return json_integer_value(json_array_get(steps, json_array_size(steps) - 1));
}

/* the last step of a finished training is a point of its curve */
static void check_end(verifier* v, const curve* c, const json_t* steps) {
  const json_int_t last = last_of(c->step), end = json_integer_value(steps);
  if (!steps || !json_array_size(c->step) || last >= end) return; /* check_training has curves that go beyond it */
  verify_find(v, VERIFY_FAILED, c->record, "the curve of '%s' ends at step %lld of %lld", c->name, (long long)last,
              (long long)end);
}

static bool has(const json_t* list, json_int_t number) {
  size_t i;
  json_t* one;
  json_array_foreach(list, i, one) {
    if (json_integer_value(one) == number) return true;
  }
  return false;
}

static void check_validation(verifier* v, const json_t* record, const char* name, const json_t* of,
                             const json_t* steps) {
  const json_t *diverged = json_object_get(of, "diverged"), *kept = json_object_get(of, "kept");
  const curve c = {record, json_object_get(of, "step"), json_object_get(of, "loss"), name, "validation"};
  const size_t n = json_array_size(c.step);
  if (!of || !has_equal_lengths(v, &c)) return;
  if (diverged && json_array_size(diverged) != n) {
    verify_find(v, VERIFY_FAILED, record, "the validation of '%s' has %zu steps, but %zu numbers of diverged windows",
                name, n, json_array_size(diverged));
  }
  if (!record_is_of_program(record)) return;
  check_points(v, &c);
  if (steps && n && last_of(c.step) > json_integer_value(steps)) {
    verify_find(v, VERIFY_FAILED, record, "the validation of '%s' goes to step %lld of %lld", name,
                (long long)last_of(c.step), (long long)json_integer_value(steps));
  }
  if (!steps || !kept || json_equal(kept, steps) || has(c.step, json_integer_value(kept))) return;
  verify_find(v, VERIFY_FAILED, record,
              "the weights of '%s' are those kept at step %lld, at which nothing was validated", name,
              (long long)json_integer_value(kept));
}

static void check_record(verifier* v, const json_t* record) {
  size_t i;
  json_t* one;
  if (!record_is_current(record)) return;
  json_array_foreach(json_object_get(json_object_get(record, "training"), "curves"), i, one) {
    const json_t* steps = json_object_get(one, "steps");
    const curve c = {record, json_object_get(one, "step"), json_object_get(one, "loss"), string_of(one, "name"),
                     "curve"};
    check_validation(v, record, c.name, json_object_get(one, "validation"), steps);
    if (!has_equal_lengths(v, &c) || !record_is_of_program(record)) continue;
    check_points(v, &c);
    check_end(v, &c, steps);
  }
}

void check_curves(verifier* v) {
  verify_done(v, check_record);
}
