#include "compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aggregate.h"
#include "dynaflow/core/alloc.h"
#include "identity.h"
#include "json.h"
#include "reference_method.h"
#include "text.h"

/* significance level for naming a winner, after the Holm adjustment */
static const double ALPHA = 0.05;

/* Means below this are rounding errors of 0 in any unit, and differences below this share of the means are rounding
 * errors of equal values: sums in another order. No winner is named. */
static const double ROUNDING = 1e-12;

compare_cfg compare_cfg_default(void) {
  return (compare_cfg){.min_seeds = 3, .seed = 1, .resamples = 10000};
}

/* ---- the list ---- */

/* takes ownership of the reason, also on failure */
static df_status append(comparisons* c, const comparison* one) {
  if (c->n == c->room) {
    const int room = c->room ? 2 * c->room : 32;
    comparison* list = df_alloc((size_t)room, sizeof *list);
    if (!list) {
      df_free(one->reason);
      return DF_E_NOMEM;
    }
    if (c->n) memcpy(list, c->list, (size_t)c->n * sizeof *list);
    df_free(c->list);
    c->list = list;
    c->room = room;
  }
  c->list[c->n++] = *one;
  return DF_OK;
}

void compare_clear(comparisons* c) {
  for (int i = 0; i < c->n; i++) df_free(c->list[i].reason);
  df_free(c->list);
  *c = (comparisons){0};
}

/* ---- a pair of methods on one task ---- */

/* the done cells of one side, sorted by seed */
typedef struct cells {
  int n, planned;
  const run_cell** cell; /* [n], owned */
} cells;

typedef struct pair {
  comparisons* out;
  comparison blank; /* with the names only */
  const run_group *group_a, *group_b;
  cells a, b; /* done cells of the common seeds, in the same order */
  compare_outcome outcome;
  char* reason; /* of every metric; NULL: none */
} pair;

static comparison blank_comparison(void) {
  const df_interval none = {.mean = NAN, .lo = NAN, .hi = NAN};
  return (comparison){.metric = "",
                      .unit = "",
                      .better = "",
                      .mean_a = NAN,
                      .mean_b = NAN,
                      .paired = {.difference = none, .p = NAN},
                      .detectable = NAN,
                      .seeds_needed = -1,
                      .seed_lo = NAN,
                      .seed_hi = NAN,
                      .improvement = none,
                      .only_a = -1,
                      .only_b = -1,
                      .p = NAN,
                      .p_holm = NAN};
}

/* adds a comparison without numbers; takes ownership of the reason */
static df_status add_reason(comparisons* c, const comparison* blank, compare_outcome outcome, char* reason) {
  comparison one = *blank;
  one.outcome = outcome;
  one.reason = reason;
  return append(c, &one);
}

static df_status find_cells(const run_view* r, const run_group* g, const char* method, cells* out) {
  *out = (cells){.cell = df_alloc((size_t)r->n_cells, sizeof *out->cell)};
  if (!out->cell) return DF_E_NOMEM;
  for (int i = 0; i < r->n_cells; i++) {
    const run_cell* c = &r->cells[i];
    if (!run_in_group(g, c) || strcmp(c->method, method) != 0) continue;
    out->planned++;
    if (!c->done) continue;
    int at = out->n++;
    for (; at > 0 && out->cell[at - 1]->seed > c->seed; at--) out->cell[at] = out->cell[at - 1];
    out->cell[at] = c;
  }
  return DF_OK;
}

static void add_seeds(text* to, const cells* c) {
  for (int i = 0; i < c->n; i++) text_add(to, "%s%lld", i ? " " : "", (long long)c->cell[i]->seed);
  if (c->n == 0) text_add(to, "none");
}

/* keeps the seeds that both sides have; returns whether there were no others */
static bool keep_common(cells* a, cells* b) {
  int n = 0;
  /* both are sorted by seed, and every seed occurs once */
  for (int i = 0, j = 0; i < a->n && j < b->n;) {
    const int64_t left = a->cell[i]->seed, right = b->cell[j]->seed;
    if (left == right) {
      a->cell[n] = a->cell[i];
      b->cell[n++] = b->cell[j];
    }
    i += left <= right;
    j += right <= left;
  }
  const bool same = n == a->n && n == b->n;
  a->n = b->n = n;
  return same;
}

/* whether a method returned the same motions for two seeds; a file of trajectories is known by its hash */
static bool same_motions(const run_cell* x, const run_cell* y) {
  const json_t *one = json_object_get(x->record, "trajectories"), *other = json_object_get(y->record, "trajectories");
  if (one && other) return strcmp(string_of(one, "sha256"), string_of(other, "sha256")) == 0;
  return json_equal(json_object_get(x->record, "samples"), json_object_get(y->record, "samples"));
}

/* Keeps one of the seeds for which both methods returned the same motions, if one of them is a file of trajectories:
 * such a file is judged once. */
static void keep_distinct(cells* a, cells* b) {
  int n = 0;
  for (int i = 0; i < a->n; i++) {
    const bool file =
        json_object_get(a->cell[i]->record, "trajectories") || json_object_get(b->cell[i]->record, "trajectories");
    bool known = false;
    for (int j = 0; j < n && file && !known; j++) {
      known = same_motions(a->cell[j], a->cell[i]) && same_motions(b->cell[j], b->cell[i]);
    }
    if (known) continue;
    a->cell[n] = a->cell[i];
    b->cell[n++] = b->cell[i];
  }
  a->n = b->n = n;
}

/* ---- what must be equal on both sides ---- */

/* why the numbers of a record are not comparable with those of the reference record: a new string, or NULL */
static char* difference_of(const json_t* reference, const run_cell* c) {
  const long long seed = (long long)c->seed;
  if (!string_of(c->record, "windows_sha256")[0] || !string_of(reference, "windows_sha256")[0]) {
    return format_text("%s, seed %lld: the record has no windows_sha256, run it again", c->method, seed);
  }
  char* clause = identity_first_difference(reference, c->record);
  char* reason = clause ? format_text("%s, seed %lld: %s", c->method, seed, clause) : NULL;
  df_free(clause);
  return reason;
}

static char* first_difference(const pair* p) {
  const json_t* reference = p->a.cell[0]->record;
  for (int i = 0; i < p->a.n; i++) {
    char* reason = difference_of(reference, p->a.cell[i]);
    if (!reason) reason = difference_of(reference, p->b.cell[i]);
    if (reason) return reason;
  }
  return NULL;
}

/* ---- one metric ---- */

static const char* unit_of(const run_cell* c, const char* metric) {
  size_t i;
  json_t* one;
  json_array_foreach(json_object_get(c->record, "rows"), i, one) {
    if (strcmp(string_of(one, "metric"), metric) == 0) return string_of(one, "unit");
  }
  return "";
}

static df_status compare_metric(pair* p, const char* metric, int k_a, int k_b) {
  /* names */
  comparison one = p->blank;
  one.metric = metric;
  one.unit = unit_of(p->a.cell[0], metric);
  one.better = metric_better(metric);
  one.k = k_a > k_b ? k_a : k_b;
  one.seeds = p->a.n;
  one.outcome = p->outcome;
  /* samples of both sides and their statistics */
  samples a, b = {0};
  df_status status = samples_new(p->a.n, p->a.cell, metric, k_a, &a);
  if (status == DF_OK) status = samples_new(p->b.n, p->b.cell, metric, k_b, &b);
  if (status == DF_OK && a.n != b.n) {
    status = df_fail(DF_E_MISMATCH, "%s: %d values of %s, not %d", p->blank.method_b, b.n, metric, a.n);
  }
  if (status == DF_OK && p->reason) one.reason = df_strdup(p->reason);
  if (status == DF_OK) status = compare_measure(&p->out->cfg, &a, &b, &one);
  /* samples that are missing or do not match are an outcome, not an error */
  if (status == DF_OK) {
    status = append(p->out, &one);
  } else if (status == DF_E_MISSING || status == DF_E_MISMATCH) {
    const compare_outcome outcome = status == DF_E_MISSING ? COMPARE_MISSING : COMPARE_OTHER;
    status = add_reason(p->out, &one, outcome, format_text("%s", df_error_message()));
  } else {
    df_free(one.reason);
  }
  samples_clear(&a);
  samples_clear(&b);
  return status;
}

/* all metrics that both measure, at equal K; a method without sampler (k == 0) is compared at each K of the other */
static df_status compare_metrics(pair* p) {
  const int before = p->out->n;
  const json_t* left = json_object_get(p->a.cell[0]->record, "samples");
  const json_t* right = json_object_get(p->b.cell[0]->record, "samples");
  if (!left || !right) {
    const run_cell* c = left ? p->b.cell[0] : p->a.cell[0];
    return add_reason(p->out, &p->blank, COMPARE_MISSING,
                      format_text("%s, seed %lld: the record has no per-window values (samples), run it again",
                                  c->method, (long long)c->seed));
  }
  size_t i, j;
  json_t *x, *y;
  json_array_foreach(left, i, x) {
    json_array_foreach(right, j, y) {
      const int k_a = (int)json_integer_value(json_object_get(x, "k"));
      const int k_b = (int)json_integer_value(json_object_get(y, "k"));
      if (strcmp(string_of(x, "metric"), string_of(y, "metric")) != 0 || (k_a != k_b && k_a && k_b)) continue;
      DF_TRY(compare_metric(p, string_of(x, "metric"), k_a, k_b));
    }
  }
  if (p->out->n > before) return DF_OK;
  return add_reason(p->out, &p->blank, COMPARE_MISSING, format_text("no metric is measured by both"));
}

/* ---- which seeds ---- */

/* the number of done cells, the missing ones, and how to finish them */
static char* missing_cells(const pair* p, int done, int planned) {
  text a = {0}, b = {0};
  run_missing(p->out->a.run, p->group_a, p->blank.method_a, &a);
  run_missing(p->out->b.run, p->group_b, p->blank.method_b, &b);
  char* reason = format_text(
      "%d of %d cells done%s%s%s%s%s", done, planned, a.n ? "; missing in A: " : "", text_of(&a),
      b.n ? "; missing in B: " : "", text_of(&b),
      p->out->cfg.partial ? "" : "; repeat `dynaflow run` to finish them, or compare the done ones with --partial");
  text_clear(&a);
  text_clear(&b);
  return reason;
}

/* keeps the common seeds, sets outcome and reason of the pair, and returns whether its metrics are compared */
static bool select_seeds(pair* p) {
  text seeds = {0};
  const int done = p->a.n + p->b.n, planned = p->a.planned + p->b.planned;
  text_add(&seeds, "seeds differ: A has ");
  add_seeds(&seeds, &p->a);
  text_add(&seeds, ", B has ");
  add_seeds(&seeds, &p->b);
  const bool same = keep_common(&p->a, &p->b);
  const int common = p->a.n;
  keep_distinct(&p->a, &p->b);
  const int n = p->a.n;
  p->outcome = COMPARE_OK;
  if (done < planned) {
    p->outcome = COMPARE_MISSING;
    p->reason = missing_cells(p, done, planned);
  } else if (!same) {
    p->outcome = COMPARE_UNSURE;
    p->reason = format_text("%s", text_of(&seeds));
  } else if (n < p->out->cfg.min_seeds) {
    p->outcome = COMPARE_UNSURE;
    p->reason = format_text("%d seed%s%s, naming a winner needs %d", n, n == 1 ? "" : "s",
                            n < common ? " with different trajectories" : "", p->out->cfg.min_seeds);
  }
  text_clear(&seeds);
  return n > 0 && (p->outcome != COMPARE_MISSING || p->out->cfg.partial);
}

/* compares the done cells of both sides */
static df_status compare_cells(pair* p) {
  if (!select_seeds(p)) {
    char* reason = p->reason;
    p->reason = NULL;
    return add_reason(p->out, &p->blank, p->outcome, reason);
  }
  char* other = first_difference(p);
  return other ? add_reason(p->out, &p->blank, COMPARE_OTHER, other) : compare_metrics(p);
}

static df_status compare_methods(comparisons* c, const run_group* a, const run_group* b, const char* method_a,
                                 const char* method_b) {
  pair p = {.out = c, .blank = blank_comparison(), .group_a = a, .group_b = b};
  p.blank.task = a->task;
  p.blank.profile = a->profile;
  p.blank.method_a = method_a;
  p.blank.method_b = method_b;
  df_status status = find_cells(c->a.run, a, method_a, &p.a);
  if (status == DF_OK) status = find_cells(c->b.run, b, method_b, &p.b);
  if (status == DF_OK) status = compare_cells(&p);
  df_free(p.a.cell);
  df_free(p.b.cell);
  df_free(p.reason);
  return status;
}

/* ---- which methods and tasks ---- */

static bool has_method(const run_group* g, const char* method) {
  for (int i = 0; i < g->n_methods; i++) {
    if (strcmp(g->methods[i], method) == 0) return true;
  }
  return false;
}

static const run_group* find_group(const run_view* r, const run_group* like) {
  for (int i = 0; i < r->n_groups; i++) {
    const run_group* g = &r->groups[i];
    if (!strcmp(g->task, like->task) && !strcmp(g->profile, like->profile) && g->experts == like->experts) return g;
  }
  return NULL;
}

/* a task, or a method of a task, that `side` ("A" or "B") does not have */
static df_status add_absent(comparisons* c, const run_group* g, const char* method, const char* side) {
  comparison blank = blank_comparison();
  blank.task = g->task;
  blank.profile = g->profile;
  blank.method_a = blank.method_b = method ? method : "";
  return add_reason(c, &blank, COMPARE_MISSING, format_text("%s does not have it", side));
}

static df_status compare_groups(comparisons* c, const run_group* a, const run_group* b) {
  if (c->a.method || c->b.method) {
    const char *left = c->a.method ? c->a.method : c->b.method, *right = c->b.method ? c->b.method : left;
    if (!has_method(a, left)) return add_absent(c, a, left, "A");
    if (!has_method(b, right)) return add_absent(c, b, right, "B");
    return compare_methods(c, a, b, left, right);
  }
  for (int i = 0; i < a->n_methods; i++) {
    const char* method = a->methods[i];
    if (has_method(b, method)) {
      DF_TRY(compare_methods(c, a, b, method, method));
    } else if (!c->cfg.rivals) {
      DF_TRY(add_absent(c, a, method, "B"));
    }
    for (int j = 0; j < b->n_methods && c->cfg.rivals && !has_method(b, method); j++) {
      DF_TRY(compare_methods(c, a, b, method, b->methods[j]));
    }
  }
  for (int i = 0; i < b->n_methods && !c->cfg.rivals; i++) {
    if (!has_method(a, b->methods[i])) DF_TRY(add_absent(c, b, b->methods[i], "A"));
  }
  return DF_OK;
}

/* ---- winners and adjustment ---- */

/* that the test episodes are too few for an adjusted p-value below ALPHA, whatever their values: a new string; or NULL
 */
static char* too_few_episodes(const comparison* one, int tests) {
  if (tests * df_sign_flip_least_p(one->paired.clusters) < ALPHA) return NULL;
  int least = 2;
  while (least <= 17 && !(tests * df_sign_flip_least_p(least) < ALPHA)) least++;
  if (least > 17) return format_text("%d comparisons are too many to name a winner", tests);
  const int n = one->paired.clusters;
  return format_text("%d test %s%s, naming a winner in %d comparison%s needs %d", n,
                     one->episodes > 0 ? "episode" : "window", n == 1 ? "" : "s", tests, tests == 1 ? "" : "s", least);
}

/* the side that is no competitor of the other; NULL: neither */
static const char* ceiling_of(const comparison* one) {
  if (strcmp(one->method_a, one->method_b) == 0) return NULL;
  return method_is_ceiling(one->method_a) ? one->method_a : method_is_ceiling(one->method_b) ? one->method_b : NULL;
}

static bool both_are_zero(const comparison* one) {
  return fabs(one->mean_a) < ROUNDING && fabs(one->mean_b) < ROUNDING;
}

/* the whole interval of the difference is rounding of equal values */
static bool both_are_equal(const comparison* one) {
  const double least = ROUNDING * fmax(fabs(one->mean_a), fabs(one->mean_b));
  return fabs(one->paired.difference.lo) <= least && fabs(one->paired.difference.hi) <= least;
}

/* a comparison that says nothing, whatever its p */
static const char* rounding_of(const comparison* one) {
  if (both_are_zero(one)) return "both are 0 up to rounding";
  return both_are_equal(one) ? "both are equal up to rounding" : NULL;
}

static void name_winner(comparison* one, int tests) {
  if (one->outcome != COMPARE_OK) return;
  const char* ceiling = ceiling_of(one);
  if (ceiling) {
    one->reason = format_text("%s sees the demonstration: a ceiling, not a competitor", ceiling);
    return;
  }
  const double d = one->paired.difference.mean;
  const bool agree = one->seed_lo > 0 || one->seed_hi < 0;
  const char* why = NULL;
  if (isnan(one->p)) {
    one->outcome = COMPARE_UNSURE;
    why = "one window gives no interval";
  } else if (rounding_of(one)) {
    why = rounding_of(one);
  } else if (!one->better[0]) {
    why = "the metric has no better direction";
  } else if (!(one->p_holm < ALPHA)) {
    /* nothing can be said if they are too few for a comparison by itself */
    if (!(df_sign_flip_least_p(one->paired.clusters) < ALPHA)) one->outcome = COMPARE_UNSURE;
    one->reason = too_few_episodes(one, tests);
    if (one->reason) return;
    why = "no significant difference";
  } else if (!agree) {
    why = "seeds disagree on the sign";
  } else if (one->only_a >= 0 && (one->only_a > one->only_b) != (d > 0)) {
    /* the McNemar test supports the side with fewer episodes only */
    why = "the test over episodes and the mean difference favour opposite sides";
  }
  if (why) {
    one->reason = format_text("%s", why);
  } else {
    one->winner = (d < 0) == (strcmp(one->better, "lower") == 0) ? 'a' : 'b';
  }
}

/* whether two comparisons are one test: of the same methods at the same K, on the same values */
static bool same_test(const comparison* x, const comparison* y) {
  return x->values[0] && strcmp(x->values, y->values) == 0 && x->p == y->p && x->k == y->k &&
         strcmp(x->task, y->task) == 0 && strcmp(x->profile, y->profile) == 0 &&
         strcmp(x->method_a, y->method_a) == 0 && strcmp(x->method_b, y->method_b) == 0;
}

/* the first comparison that is the same test as number i: i itself if there is none before it */
static int first_of_test(const comparisons* c, int i) {
  int j = 0;
  while (j < i && !same_test(&c->list[j], &c->list[i])) j++;
  return j;
}

/* whether a comparison is a test of its own: a winner could be named, whichever side it is */
static bool is_test(const comparisons* c, int i) {
  const comparison* one = &c->list[i];
  return !both_are_zero(one) && !ceiling_of(one) && one->better[0] && first_of_test(c, i) == i;
}

/* Holm adjustment over all tests, then winners */
static df_status adjust(comparisons* c) {
  double* p = df_alloc((size_t)c->n, sizeof *p);
  if (!p) return DF_E_NOMEM;
  for (int i = 0; i < c->n; i++) p[i] = is_test(c, i) ? c->list[i].p : NAN;
  const df_status status = df_holm(c->n, p, p, &c->tests);
  for (int i = 0; status == DF_OK && i < c->n; i++) {
    c->list[i].p_holm = p[first_of_test(c, i)];
    name_winner(&c->list[i], c->tests);
  }
  df_free(p);
  return status;
}

df_status compare_all(const compare_cfg* cfg, const run_view* r, const char* method, comparisons* out) {
  *out = (comparisons){.cfg = *cfg, .a = {r, method}, .b = {r, NULL}};
  for (int i = 0; i < r->n_groups; i++) {
    const run_group* g = &r->groups[i];
    const char* first = method ? method : g->methods[0];
    for (int m = 0; m < g->n_methods && has_method(g, first); m++) {
      if (strcmp(g->methods[m], first) != 0) DF_TRY(compare_methods(out, g, g, first, g->methods[m]));
    }
  }
  return adjust(out);
}

df_status compare_new(const compare_cfg* cfg, compare_side a, compare_side b, comparisons* out) {
  *out = (comparisons){.cfg = *cfg, .a = a, .b = b};
  for (int i = 0; i < a.run->n_groups; i++) {
    const run_group *left = &a.run->groups[i], *right = find_group(b.run, left);
    DF_TRY(right ? compare_groups(out, left, right) : add_absent(out, left, NULL, "B"));
  }
  for (int i = 0; i < b.run->n_groups; i++) {
    if (!find_group(a.run, &b.run->groups[i])) DF_TRY(add_absent(out, &b.run->groups[i], NULL, "A"));
  }
  return adjust(out);
}

int compare_exit_code(const comparisons* c) {
  static const int codes[COMPARE_OUTCOMES] = {
#define COMPARE_CODE(code, name, exit_code) exit_code,
      COMPARE_OUTCOME_LIST(COMPARE_CODE)
#undef COMPARE_CODE
  };
  compare_outcome worst = COMPARE_OK;
  for (int i = 0; i < c->n; i++) {
    if (c->list[i].outcome > worst) worst = c->list[i].outcome;
  }
  return codes[worst];
}
