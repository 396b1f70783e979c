#include "counts.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "numbers.h"

/* ---- of what a metric is made ---- */

typedef enum made_of {
  OF_UNKNOWN,
  OF_WINDOWS,     /* all windows */
  OF_SAE_WINDOWS, /* the first eval.sae_windows */
  OF_CHAINS,      /* the first eval.chains windows */
  OF_UPRIGHT,     /* the chains that do not fall */
  OF_GAITS,       /* some of these */
  OF_FRAMES,      /* windows or chains with a frame */
  OF_STEPS,       /* with two frames */
  OF_JERKS,       /* with four frames */
  OF_WAYS,        /* with a step and a way along the ground */
  OF_NETWORKS     /* the networks of a training */
} made_of;

static const struct {
  const char* metric; /* "a." stands for "a" and all of its parts */
  made_of of;
} table[] = {{"tre.", OF_WINDOWS},
             {"tre_open_loop.", OF_WINDOWS},
             {"sae_own.", OF_WINDOWS},
             {"gait_agreement", OF_WINDOWS},
             {"style_joints.chain", OF_UPRIGHT},
             {"style_feet.chain", OF_UPRIGHT},
             {"style_shift.chain", OF_UPRIGHT},
             {"style_joints", OF_WINDOWS},
             {"style_feet", OF_WINDOWS},
             {"style_shift", OF_WINDOWS},
             {"sae_min", OF_SAE_WINDOWS},
             {"fall_rate.", OF_CHAINS},
             {"survival", OF_CHAINS},
             {"command_error.", OF_UPRIGHT},
             {"goal_distance", OF_CHAINS},
             {"goal_reached", OF_CHAINS},
             {"gait_phase", OF_GAITS},
             {"penetration.", OF_FRAMES},
             {"self_collision.", OF_FRAMES},
             {"slip.", OF_FRAMES},
             {"joint_limit.", OF_FRAMES},
             {"velocity_limit.", OF_FRAMES},
             {"root_residual.", OF_STEPS},
             {"torque_limit.", OF_STEPS},
             {"power.transport.", OF_WAYS},
             {"power.", OF_STEPS},
             {"jerk.", OF_JERKS},
             {"effort.gradient_steps", OF_NETWORKS},
             {"effort.skipped_steps", OF_NETWORKS},
             {"effort.diverged_samples", OF_NETWORKS},
             {"effort.adjoint_steps", OF_NETWORKS},
             {"effort.approximate_steps", OF_NETWORKS},
             {"effort.differenced_steps", OF_NETWORKS},
             {"effort.", OF_WINDOWS}};

static made_of made_of_what(const char* metric) {
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    const char* name = table[i].metric;
    const size_t n = strlen(name);
    const bool parts = name[n - 1] == '.';
    if (strcmp(metric, name) == 0 || (parts && strncmp(metric, name, n) == 0)) return table[i].of;
    if (parts && strlen(metric) == n - 1 && strncmp(metric, name, n - 1) == 0) return table[i].of;
  }
  return OF_UNKNOWN;
}

static bool is_of_chains(const char* metric) {
  const char* end = strrchr(metric, '.');
  return end && strcmp(end, ".chain") == 0;
}

/* ---- n ---- */

/* how many windows or chains a row can have */
typedef struct range {
  int least, most; /* equal: exactly so many */
} range;

static int smaller(int a, long b) {
  return b < a ? (int)b : a;
}

/* number of values for which `counts` says so; -1: there are no values */
static int count_values(const json_t* values, bool (*counts)(double)) {
  int n = 0;
  size_t i;
  json_t* value;
  if (!values) return -1;
  json_array_foreach(values, i, value) n += counts(number_of(value));
  return n;
}
static bool is_zero(double value) {
  return value == 0;
}
static bool is_positive(double value) {
  return value > 0;
}

static int chains_of(const json_t* record) {
  const long chains = record_count(record, "eval.chains");
  const int windows = record_windows(record);
  return chains < 0 ? windows : smaller(windows, chains);
}

/* n of chains: of a file, each trajectory that is long enough is one, and they may be fewer than its windows */
static range chains_range(const json_t* record) {
  const int n = chains_of(record);
  return (range){json_object_get(record, "trajectories") || record_count(record, "eval.chains") < 0 ? 1 : n, n};
}

/* an exact number if it is known, else 1 .. most */
static range exactly(int n, int most) {
  return n < 0 ? (range){1, most} : (range){n, n};
}

static range range_in_chains(const json_t* record, made_of of, int k) {
  const int chains = chains_of(record);
  const int upright = count_values(number_values(record, "fall_rate", k), is_zero);
  const int begun = count_values(number_values(record, "survival", k), is_positive); /* with a frame before the fall */
  switch (of) {
    case OF_UPRIGHT:
      return exactly(upright, chains);
    case OF_GAITS:
      return (range){1, upright < 0 ? chains : upright};
    case OF_FRAMES:
      return exactly(begun, chains);
    default:
      return (range){1, begun < 0 ? chains : begun};
  }
}

static range range_of(const json_t* record, const char* metric, made_of of, int k) {
  const int windows = record_windows(record);
  const long sae = record_count(record, "eval.sae_windows"), horizon = record_count(record, "window.horizon");
  if (of == OF_UPRIGHT || of == OF_GAITS || is_of_chains(metric)) return range_in_chains(record, of, k);
  switch (of) {
    case OF_SAE_WINDOWS:
      return exactly(sae < 0 ? -1 : smaller(windows, sae), windows);
    case OF_CHAINS:
      return chains_range(record);
    case OF_JERKS:
      return exactly(horizon >= 3 ? windows : -1, windows);
    case OF_WAYS:
      return (range){1, windows};
    case OF_NETWORKS: {
      const json_t* curves = json_object_get(json_object_get(record, "training"), "curves");
      return exactly((int)json_array_size(curves), 0);
    }
    default:
      return (range){windows, windows};
  }
}

static const char* noun_of(const char* metric, made_of of) {
  if (of == OF_NETWORKS) return "networks";
  return of == OF_CHAINS || of == OF_UPRIGHT || of == OF_GAITS || is_of_chains(metric) ? "chains" : "windows";
}

static void check_n(verifier* v, const json_t* record, const json_t* number, made_of of) {
  const char* metric = string_of(number, "metric");
  const int k = number_k(number), n = number_n(number);
  const range r = range_of(record, metric, of, k);
  v->looked++;
  if (n >= r.least && n <= r.most) return;
  if (r.least == r.most) {
    verify_find(v, VERIFY_FAILED, record, "%s at K = %d: n is %d, but it is made of %d %s", metric, k, n, r.most,
                noun_of(metric, of));
  } else {
    verify_find(v, VERIFY_FAILED, record, "%s at K = %d: n is %d, but it is made of %d to %d %s", metric, k, n, r.least,
                r.most, noun_of(metric, of));
  }
}

/* rows of the same windows or chains have the same n */
static void check_equal(verifier* v, const json_t* record, const json_t* number, made_of of) {
  const char* metric = string_of(number, "metric");
  const bool chains = is_of_chains(metric);
  size_t i;
  json_t* other;
  if (of != OF_STEPS && of != OF_FRAMES && of != OF_CHAINS && of != OF_UPRIGHT) return;
  json_array_foreach(json_object_get(record, "rows"), i, other) {
    const char* name = string_of(other, "metric");
    if (other == number) return; /* each is compared with the first one */
    if (number_k(other) != number_k(number) || made_of_what(name) != of || is_of_chains(name) != chains) continue;
    v->looked++;
    if (number_n(other) == number_n(number)) return;
    verify_find(v, VERIFY_FAILED, record, "%s at K = %d: n is %d, but %s, which is of the same %s, has %d", metric,
                number_k(number), number_n(number), name, noun_of(metric, of), number_n(other));
    return;
  }
}

/* ---- episodes ---- */

/* number of different episodes of the first n windows */
static int episodes_of(const json_t* record, int n) {
  const json_t* list = json_object_get(json_object_get(record, "windows"), "episode");
  int found = 0;
  for (size_t i = 0; i < (size_t)n; i++) {
    bool seen = false;
    for (size_t j = 0; j < i && !seen; j++) seen = json_equal(json_array_get(list, i), json_array_get(list, j));
    found += !seen;
  }
  return found;
}

/* The first n windows, or n of the first `of` ones: each that is left out takes away one episode at most. */
static void check_episodes(verifier* v, const json_t* record, const json_t* number, made_of of) {
  const char* metric = string_of(number, "metric");
  const json_t* has = json_object_get(number, "episodes");
  const int k = number_k(number), n = number_n(number), windows = record_windows(record);
  const bool first = of == OF_WINDOWS || of == OF_SAE_WINDOWS || of == OF_CHAINS;
  const bool chains = of == OF_UPRIGHT || of == OF_GAITS || is_of_chains(metric);
  if (!has || of == OF_NETWORKS || number_values(record, metric, k)) return; /* check_samples has those with values */
  const int all = first ? n : chains ? chains_of(record) : windows;
  if (n < 1 || n > all || all > windows) return; /* a finding of check_n */
  const int most = episodes_of(record, all), least = most - (all - n) > 1 ? most - (all - n) : 1;
  const json_int_t episodes = json_integer_value(has);
  v->looked++;
  if (episodes >= least && episodes <= (most < n ? most : n)) return;
  verify_find(v, VERIFY_FAILED, record, "%s at K = %d: %lld episodes, but its %d %s are of %d%s", metric, k,
              (long long)episodes, n, noun_of(metric, of), most, all == n ? "" : " at most");
}

static void check_record(verifier* v, const json_t* record) {
  size_t i;
  json_t* number;
  /* check_walks looks at experts */
  if (!record_is_current(record) || record_is_expert(record) || record_windows(record) < 0) return;
  json_array_foreach(json_object_get(record, "rows"), i, number) {
    const made_of of = made_of_what(string_of(number, "metric"));
    if (of == OF_UNKNOWN) continue;
    check_n(v, record, number, of);
    check_equal(v, record, number, of);
    check_episodes(v, record, number, of);
  }
}

void check_counts(verifier* v) {
  verify_done(v, check_record);
}
