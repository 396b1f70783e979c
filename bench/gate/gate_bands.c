/* gate_bands.c: judges numbers by their tolerances: intervals against limits. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "aggregate.h"
#include "broken_limit.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/stats/statistics.h"
#include "expect.h"
#include "gate_group.h"
#include "golden.h"
#include "json.h"
#include "list.h"
#include "metric_needs.h"
#include "rows.h"
#include "run_view.h"
#include "text.h"
#include "verdict.h"

/* ---- measured and accepted numbers ---- */

/* one metric of a method, per seed */
typedef struct measured {
  int planned, done, failed; /* cells; values that are not finite */
  int absent;                /* done cells without the number */
  int n;
  int64_t* seed;   /* [n], as the following, owned */
  double* value;   /* finite */
  double *lo, *hi; /* [n] 95 % intervals, widened to the value; the value itself, if there are too few episodes */
  int* episodes;   /* that the interval is of; 0: unknown */
  bool share;      /* the values are shares, with Wilson's intervals */
  const char *unit, *status;
  const char* needs; /* settings without which the metric is not defined (metric_needs()), or NULL */
} measured;

static void measured_clear(measured* m) {
  df_free(m->seed);
  df_free(m->value);
  df_free(m->lo);
  df_free(m->hi);
  df_free(m->episodes);
  *m = (measured){.unit = "", .status = ""};
}

/* the number of test episodes of the first n windows of a record; 0: unknown */
static int count_episodes(const json_t* record, size_t n) {
  const json_t* episode = json_object_get(json_object_get(record, "windows"), "episode");
  int found = 0;
  for (size_t i = 0; i < n && i < json_array_size(episode); i++) {
    bool seen = false;
    for (size_t j = 0; j < i && !seen; j++) seen = json_equal(json_array_get(episode, i), json_array_get(episode, j));
    found += !seen;
  }
  return found;
}

/* The test episodes of the values of a row; 0: unknown. Rows of older programs do not say it: there, the first windows
 * are taken for those of the row. */
static int episodes_of(const json_t* record, const json_t* number) {
  const json_t* episodes = json_object_get(number, "episodes");
  if (episodes) return (int)json_integer_value(episodes);
  return count_episodes(record, (size_t)json_integer_value(json_object_get(number, "n")));
}

static void take_row(measured* m, const run_cell* c, const json_t* number) {
  const double value = number_of(json_object_get(number, "value"));
  m->unit = string_of(number, "unit");
  if (!isfinite(value)) {
    m->failed++;
    m->status = string_of(number, "status");
    return;
  }
  m->seed = list_grow(m->seed, m->n, sizeof *m->seed);
  m->value = list_grow(m->value, m->n, sizeof *m->value);
  m->lo = list_grow(m->lo, m->n, sizeof *m->lo);
  m->hi = list_grow(m->hi, m->n, sizeof *m->hi);
  m->episodes = list_grow(m->episodes, m->n, sizeof *m->episodes);
  m->seed[m->n] = c->seed;
  m->value[m->n] = value;
  m->share = strncmp(string_of(number, "metric"), "fall_rate", strlen("fall_rate")) == 0;
  const int episodes = m->episodes[m->n] = episodes_of(c->record, number);
  /* Student's interval of two or three episodes is up to 13 standard errors wide either way: it would leave nearly
   * every limit open */
  const bool alone = !m->share && (episodes == 2 || episodes == 3);
  /* fmin and fmax ignore a NaN */
  m->lo[m->n] = alone ? value : fmin(value, number_of(json_object_get(number, "lo")));
  m->hi[m->n] = alone ? value : fmax(value, number_of(json_object_get(number, "hi")));
  m->n++;
}

/* call measured_clear() on the result */
static measured measure(const run_view* r, const run_group* g, const char* method, const char* metric, int k) {
  measured m = {.unit = "", .status = ""};
  for (int i = 0; i < r->n_cells; i++) {
    const run_cell* c = &r->cells[i];
    if (!run_in_group(g, c) || strcmp(c->method, method) != 0) continue;
    m.planned++;
    m.done += c->done;
    if (c->done && !m.needs) m.needs = metric_needs(c->record, metric);
    const json_t* number = c->done ? find_row(c->record, metric, k) : NULL;
    m.absent += c->done && !number;
    if (number) take_row(&m, c, number);
  }
  return m;
}

/* the run and the golden table, over their common seeds */
typedef struct pairing {
  bool known;                  /* the table has the metric */
  const golden_row* undefined; /* its first value that is not finite; NULL: all are */
  int n;
  double value, golden;                /* means */
  double size;                         /* of the golden numbers, of which a tolerance is a share */
  double* difference;                  /* [n], run - table, per seed; owned */
  double difference_lo, difference_hi; /* 95 % interval of their mean; of up to 3 seeds, the smallest and the largest */
  int worst_line;                      /* of the table's row with the largest difference; 0: none */
} pairing;

/* the next row of a number of the group in the golden table, after `last` */
static const golden_row* next_accepted(const gate_group* h, const golden_row* last, const char* method,
                                       const char* metric, int k) {
  if (!h->has_golden) return NULL;
  return golden_next(&h->golden, last, h->g->task, h->g->profile, method, metric, k);
}

/* The seeds of a table are few: an interval of the mean over all seeds that is right for two is 13 standard errors wide
 * either way and would leave every tolerance open. */
static void set_interval(pairing* p) {
  const df_bootstrap_cfg cfg = df_bootstrap_cfg_default();
  df_interval i = {.lo = NAN};
  const df_status status =
      df_bootstrap_interval(&cfg, DF_ESTIMATE_MEAN, &(df_strata){.n = 1, .sizes = &p->n, .values = p->difference}, &i);
  const bool few = p->n <= 3 || status != DF_OK;
  p->difference_lo = few ? p->difference[0] : i.lo;
  p->difference_hi = few ? p->difference[0] : i.hi;
  for (int s = 1; few && s < p->n; s++) {
    p->difference_lo = fmin(p->difference_lo, p->difference[s]);
    p->difference_hi = fmax(p->difference_hi, p->difference[s]);
  }
}

/* The size of the mean of n golden numbers, unless few of them are far above the others: one absurd number would make
 * the tolerance of all seeds so wide that each of them holds. Sorts the sizes. */
static double size_of(double mean, int n, double* sizes) {
  static const double FAR = 3;
  df_sort(n, sizes);
  return fmin(fabs(mean), FAR * sizes[(n - 1) / 2]);
}

/* free the `difference` of the result */
static pairing pair_with(const gate_group* h, const char* method, const char* metric, int k, const measured* m) {
  pairing p = {.n = 0};
  double largest = 0, *sizes = NULL;
  const golden_row* accepted = next_accepted(h, NULL, method, metric, k);
  p.known = accepted != NULL;
  for (; accepted; accepted = next_accepted(h, accepted, method, metric, k)) {
    if (!isfinite(accepted->value) && !p.undefined) p.undefined = accepted;
    for (int j = 0; j < m->n && !p.undefined; j++) {
      if (m->seed[j] != accepted->seed) continue;
      p.difference = list_grow(p.difference, p.n, sizeof *p.difference);
      sizes = list_grow(sizes, p.n, sizeof *sizes);
      sizes[p.n] = fabs(accepted->value);
      p.difference[p.n] = m->value[j] - accepted->value;
      if (!p.n || fabs(p.difference[p.n]) > largest) {
        largest = fabs(p.difference[p.n]);
        p.worst_line = accepted->line;
      }
      p.n++;
      p.value += m->value[j];
      p.golden += accepted->value;
    }
  }
  if (p.undefined) p.n = 0;
  if (p.n > 0) {
    p.value /= p.n;
    p.golden /= p.n;
    p.size = size_of(p.golden, p.n, sizes);
    set_interval(&p);
  }
  df_free(sizes);
  return p;
}

/* ---- judging ---- */

/* appends that there is no golden table, where it was looked for, and how to write it */
static void add_no_golden(const gate_group* h, text* out) {
  char* path = df_path_join(h->golden_folder, h->golden_name);
  text_add(out,
           "no golden table: there is no %s; write it with `dynaflow gate RUN --accept --reason ...`, or name another "
           "folder with --against",
           path ? path : h->golden_name);
  df_free(path);
}

static limit_seeds seeds_of(const measured* m) {
  return (limit_seeds){m->n, m->value, m->lo, m->hi, m->episodes, m->share};
}

/* whether the limit is broken although the interval of a seed contains it */
static bool is_only_excluded(const band* b, const measured* m) {
  const limit_seeds seeds = seeds_of(m);
  bool inside = false;
  for (int i = 0; i < m->n; i++) inside = inside || m->lo[i] <= b->bound;
  return b->kind == BAND_AT_MOST && inside && limit_is_excluded(&seeds, b->bound);
}

/* Held if the whole 95 % interval of every seed is within the limit, which is rarer the more seeds there are; regressed
 * if it is broken; else inconclusive. */
static gate_verdict judge_limit(const band* b, const measured* m) {
  const limit_seeds seeds = seeds_of(m);
  bool holds = true;
  if (limit_is_broken(&seeds, b->kind == BAND_AT_MOST, b->bound)) return GATE_REGRESSED;
  for (int i = 0; i < m->n; i++)
    holds = holds && (b->kind == BAND_AT_MOST ? m->hi[i] <= b->bound : m->lo[i] >= b->bound);
  return holds ? GATE_HELD : GATE_INCONCLUSIVE;
}

/* by how much the mean may differ from the golden one */
static double tolerance_of(const band* b, const pairing* p) {
  return b->bound * p->size + b->absolute;
}

static gate_verdict judge_relative(const band* b, const pairing* p) {
  const double tolerance = tolerance_of(b, p);
  const char* better = metric_better(b->metric);
  const bool higher = strcmp(better, "higher") == 0, either = better[0] == '\0';
  /* interval with the sign chosen such that larger is worse */
  const double lo = higher ? -p->difference_hi : p->difference_lo, hi = higher ? -p->difference_lo : p->difference_hi;
  if (lo > tolerance || (either && hi < -tolerance)) return GATE_REGRESSED;
  if (hi > tolerance || (either && lo < -tolerance)) return GATE_INCONCLUSIVE;
  return hi < -tolerance ? GATE_IMPROVED : GATE_HELD;
}

/* the verdict if the data for a judgement are missing, with `detail`; GATE_HELD if they are complete */
static gate_verdict check_data(const gate_group* h, const band* b, const measured* m, const pairing* p, text* detail) {
  /* a number of an older program says nothing, either */
  if (m->needs) {
    text_add(detail, "not defined for this task: set %s in its task.yaml, or remove the entry at %s:%d", m->needs,
             h->expect.path, b->limit_line);
    return GATE_UNREADABLE;
  }
  /* no value, or one that is not finite */
  if (m->n + m->failed == 0) {
    text_add(detail, "the run has no such number%s, required by %s:%d", b->k == 0 ? " without sampler steps (k)" : "",
             h->expect.path, b->limit_line);
    return GATE_MISSING;
  }
  if (m->failed) {
    text_add(detail, "not finite for %d of %d seeds: %s", m->failed, m->failed + m->n, m->status);
    return GATE_REGRESSED;
  }
  /* the tolerance applies to all seeds, but a seed beyond a limit is a regression anyway */
  const bool open = b->kind == BAND_RELATIVE || judge_limit(b, m) == GATE_HELD;
  if (m->done < m->planned && open) {
    text_add(detail, "%d of %d cells done; repeat `dynaflow run` to finish them", m->done, m->planned);
    return GATE_MISSING;
  }
  if (m->absent && open) {
    text_add(detail, "%d of %d done cells have no such number, required by %s:%d", m->absent, m->done, h->expect.path,
             b->limit_line);
    return GATE_MISSING;
  }
  /* golden table */
  if (b->kind == BAND_RELATIVE && !p->known) {
    if (h->has_golden) {
      text_add(detail, "%s has no such number", h->golden.path);
    } else {
      add_no_golden(h, detail);
    }
    return GATE_MISSING;
  }
  if (p->undefined) {
    text_add(detail, "%s:%d: the accepted number of seed %lld is not finite; accept a run in which it is",
             h->golden.path, p->undefined->line, (long long)p->undefined->seed);
    return GATE_MISSING;
  }
  /* number of seeds */
  const int seeds = b->kind == BAND_RELATIVE ? p->n : m->n;
  if (seeds < b->seeds) {
    text_add(detail, "%d seeds%s, at least %d are required by %s:%d", seeds,
             b->kind == BAND_RELATIVE ? " in common with the golden table" : "", b->seeds, h->expect.path,
             b->limit_line);
    return GATE_INCONCLUSIVE;
  }
  return GATE_HELD;
}

static gate_verdict judge(const gate_group* h, const band* b, const measured* m, const pairing* p, text* detail) {
  gate_verdict v = check_data(h, b, m, p, detail);
  if (v != GATE_HELD) return v;
  v = b->kind == BAND_RELATIVE ? judge_relative(b, p) : judge_limit(b, m);
  /* give the reason of a tolerance that does not hold */
  if (v == GATE_REGRESSED) text_add(detail, "%s", b->reason);
  if (v == GATE_REGRESSED && is_only_excluded(b, m))
    text_add(detail, " (the mean is more than 20 times the limit, which outweighs the interval)");
  if (v == GATE_INCONCLUSIVE) text_add(detail, "the interval straddles the limit: %s", b->reason);
  return v;
}

/* the tolerance as text, e.g. "<= 1e-09" or "+- 10 % of 0.255 + 3"; without a seed in common, "+- 10 % + 3" */
static void limit_text(const band* b, const pairing* p, char* out, size_t n) {
  if (b->kind != BAND_RELATIVE) {
    snprintf(out, n, "%s %.6g", b->kind == BAND_AT_MOST ? "<=" : ">=", b->bound);
    return;
  }
  size_t used = (size_t)snprintf(out, n, "+- %.6g %%", 100 * b->bound);
  const double base = p->size < fabs(p->golden) ? p->size : p->golden;
  if (p->n) used += (size_t)snprintf(out + used, n - used, " of %.6g", base);
  if (b->absolute > 0) snprintf(out + used, n - used, " + %.6g", b->absolute);
}

/* the distance of a number from a limit in units of the limit's size, > 0 beyond it; a limit of 0 has no size */
static double distance_beyond(double v, double limit) {
  if (limit != 0) return (v - limit) / fabs(limit);
  return v > 0 ? INFINITY : 0;
}

/* the same for a relative tolerance, in units of the tolerance; 0 at its edge */
static double distance_of(const band* b, const pairing* p, double tolerance) {
  const char* better = metric_better(b->metric);
  const double difference = p->value - p->golden;
  const double worse = !better[0] ? fabs(difference) : strcmp(better, "higher") == 0 ? -difference : difference;
  if (tolerance > 0) return worse / tolerance - 1;
  return worse > 0 ? INFINITY : 0;
}

static void add_distance_of(gate_group* h, const band* b, const measured* m, const pairing* p) {
  char bound[32];
  const double tolerance = tolerance_of(b, p);
  const char* better = metric_better(b->metric);
  const bool higher = strcmp(better, "higher") == 0;
  if (!better[0]) {
    snprintf(bound, sizeof bound, "%.4g..%.4g", p->golden - tolerance, p->golden + tolerance);
  } else {
    snprintf(bound, sizeof bound, "%s %.4g", higher ? ">=" : "<=", p->golden + (higher ? -tolerance : tolerance));
  }
  gate_measure(h->out, bound, p->value, m->failed ? INFINITY : distance_of(b, p, tolerance));
  gate_locate_golden(h->out, h->golden.path, p->worst_line);
}

/* says how far the number is from its limit, as gate_measure() does */
static void add_distance(gate_group* h, const band* b, const measured* m, const pairing* p) {
  if (b->kind == BAND_RELATIVE) {
    if (p->n) add_distance_of(h, b, m, p);
    return;
  }
  char bound[32];
  const double sign = b->kind == BAND_AT_MOST ? 1 : -1;
  double worst = NAN;
  for (int i = 0; i < m->n; i++) worst = fmax(worst, sign * m->value[i]);
  snprintf(bound, sizeof bound, "%s %.4g", b->kind == BAND_AT_MOST ? "<=" : ">=", b->bound);
  const double excess = m->n ? distance_beyond(worst, sign * b->bound) : 0;
  gate_measure(h->out, bound, sign * worst, m->failed ? INFINITY : excess);
}

/* the row of a tolerance, without a value */
static row row_of(const gate_group* h, const band* b, const measured* m) {
  row r = row_default();
  r.task = h->g->task;
  r.profile = h->g->profile;
  r.method = b->method;
  r.metric = b->metric;
  r.k = b->k;
  r.unit = m->unit;
  r.n = m->n;
  return r;
}

static const char* kind_name(band_kind kind) {
  return kind == BAND_AT_MOST ? "at most" : kind == BAND_AT_LEAST ? "at least" : "relative";
}

static void judge_tolerance(gate_group* h, const band* b) {
  measured m = measure(h->r, h->g, b->method, b->metric, b->k);
  const pairing p = b->kind == BAND_RELATIVE ? pair_with(h, b->method, b->metric, b->k, &m) : (pairing){.n = 0};
  char limit[96];
  text detail = {0};
  row r = row_of(h, b, &m);
  if (p.n) r.n = p.n;
  if (p.n) {
    r.value = p.value;
    r.lo = p.golden + p.difference_lo;
    r.hi = p.golden + p.difference_hi;
  } else if (m.n && !m.failed) {
    r.value = df_estimate_sorted(DF_ESTIMATE_MEAN, m.n, m.value);
    for (int i = 0; i < m.n; i++) r.lo = fmin(r.lo, m.lo[i]);
    for (int i = 0; i < m.n; i++) r.hi = fmax(r.hi, m.hi[i]);
  }
  const gate_verdict v = judge(h, b, &m, &p, &detail);
  limit_text(b, &p, limit, sizeof limit);
  gate_add_row(h->out, v, &r, limit, text_of(&detail));
  gate_locate(h->out, h->expect.path, b->limit_line, kind_name(b->kind));
  add_distance(h, b, &m, &p);
  text_clear(&detail);
  df_free(p.difference);
  measured_clear(&m);
}

/* ---- work counters ---- */

static bool is_effort(const char* metric) {
  return strncmp(metric, "effort.", strlen("effort.")) == 0;
}

/* the table has one row per seed; whether this row is not the first one of its number */
static bool is_repeated(const golden_table* t, const golden_row* one) {
  return golden_next(t, NULL, one->task, one->profile, one->method, one->metric, one->k) != one;
}

/* whether all cells of a method are done; missing cells are reported by verify.plan and not again for every counter */
static bool is_complete(const gate_group* h, const char* method) {
  int planned = 0, done = 0;
  for (int i = 0; i < h->r->n_cells; i++) {
    const run_cell* c = &h->r->cells[i];
    if (!run_in_group(h->g, c) || strcmp(c->method, method) != 0) continue;
    planned++;
    done += c->done;
  }
  return planned > 0 && done == planned;
}

/* the tolerance of one work counter */
static band band_of_effort(const effort_band* e, const char* profile, const char* method, const char* metric, int k) {
  band b = {.k = k,
            .kind = BAND_RELATIVE,
            .bound = e->percent / 100,
            .absolute = e->absolute,
            .seeds = 1,
            .line = e->line,
            .limit_line = e->limit_line};
  snprintf(b.metric, sizeof b.metric, "%s", metric);
  snprintf(b.method, sizeof b.method, "%s", method);
  snprintf(b.profile, sizeof b.profile, "%s", profile);
  snprintf(b.reason, sizeof b.reason, "%s", e->reason);
  return b;
}

/* whether the table has a number of the group, of this method and this metric; NULL: of any */
static bool has_accepted_of(const gate_group* h, const char* method, const char* metric) {
  for (int i = 0; i < h->golden.n; i++) {
    const golden_row* one = &h->golden.rows[i];
    if (run_group_has(h->g, one->task, one->profile, one->method) && (!method || strcmp(one->method, method) == 0) &&
        (!metric || strcmp(one->metric, metric) == 0)) {
      return true;
    }
  }
  return false;
}

/* whether an earlier done cell of the method has the counter, so that it was held already */
static bool is_held_before(const gate_group* h, int cell, const char* metric, int k) {
  for (int i = 0; i < cell; i++) {
    const run_cell* c = &h->r->cells[i];
    if (c->done && run_in_group(h->g, c) && strcmp(c->method, h->r->cells[cell].method) == 0 &&
        find_row(c->record, metric, k)) {
      return true;
    }
  }
  return false;
}

/* Judges the counters of the run that the table lacks, which is missing: a row was lost from it. Counters that it has
 * for no method, because a newer program measures them, and methods of which it has no number are named by
 * gate_advise_new(). */
static void judge_lost_effort(gate_group* h, const effort_band* e) {
  for (int i = 0; i < h->r->n_cells; i++) {
    const run_cell* c = &h->r->cells[i];
    size_t j;
    json_t* number;
    if (!c->done || !run_in_group(h->g, c) || !has_accepted_of(h, c->method, NULL)) continue;
    json_array_foreach(json_object_get(c->record, "rows"), j, number) {
      const char* metric = string_of(number, "metric");
      const int k = (int)json_integer_value(json_object_get(number, "k"));
      if (!is_effort(metric) || !has_accepted_of(h, NULL, metric) || is_held_before(h, i, metric, k) ||
          next_accepted(h, NULL, c->method, metric, k)) {
        continue;
      }
      const band b = band_of_effort(e, c->profile, c->method, metric, k);
      judge_tolerance(h, &b);
    }
  }
}

static void judge_effort(gate_group* h, const effort_band* e) {
  int counters = 0;
  for (int i = 0; h->has_golden && i < h->golden.n; i++) {
    const golden_row* one = &h->golden.rows[i];
    if (!is_effort(one->metric) || !run_group_has(h->g, one->task, one->profile, one->method) ||
        is_repeated(&h->golden, one)) {
      continue;
    }
    counters++;
    if (!is_complete(h, one->method)) continue;
    const band b = band_of_effort(e, one->profile, one->method, one->metric, one->k);
    judge_tolerance(h, &b);
  }
  if (counters) judge_lost_effort(h, e);
  if (counters) return;
  text detail = {0};
  if (h->has_golden) {
    text_add(&detail, "%s has no work counters (effort.*)", h->golden.path);
  } else {
    add_no_golden(h, &detail);
  }
  gate_add(h->out, GATE_MISSING, h->g->task, h->g->profile, "effort", text_of(&detail));
  gate_locate(h->out, h->expect.path, e->limit_line, "");
  text_clear(&detail);
}

static bool is_planned(const gate_group* h, const char* method) {
  bool planned = false;
  for (int m = 0; m < h->g->n_methods; m++) planned = planned || strcmp(h->g->methods[m], method) == 0;
  return planned;
}

void gate_judge_methods(gate_group* h) {
  for (int i = 0; h->has_golden && i < h->golden.n; i++) {
    const golden_row* one = &h->golden.rows[i];
    bool seen = !run_group_has(h->g, one->task, one->profile, one->method);
    for (int j = 0; j < i && !seen; j++) {
      const golden_row* before = &h->golden.rows[j];
      seen = strcmp(before->method, one->method) == 0 && strcmp(before->task, one->task) == 0 &&
             strcmp(before->profile, one->profile) == 0;
    }
    if (seen || is_planned(h, one->method)) continue;
    row r = row_default();
    r.task = h->g->task;
    r.profile = h->g->profile;
    r.method = one->method;
    r.metric = "golden";
    char* detail = format_text(
        "the run has no cells of this method, of which %s has numbers; run it, too, or accept a "
        "table without it",
        h->golden.path);
    gate_add_row(h->out, GATE_MISSING, &r, "", detail);
    gate_locate_golden(h->out, h->golden.path, one->line);
    df_free(detail);
  }
}

/* experts and other methods of a profile are groups of their own */
static bool is_of_group(const gate_group* h, const band* b) {
  return run_group_has(h->g, h->g->task, b->profile, b->method);
}

int gate_judge_bands(gate_group* h) {
  int n = 0;
  for (int i = 0; i < h->expect.n; i++) {
    if (!is_of_group(h, &h->expect.bands[i])) continue;
    judge_tolerance(h, &h->expect.bands[i]);
    n++;
  }
  for (int i = 0; i < h->expect.n_effort; i++) {
    if (strcmp(h->expect.effort[i].profile, h->g->profile) == 0) judge_effort(h, &h->expect.effort[i]);
  }
  return n;
}

/* ---- advisory rows ---- */

/* mean CPU seconds of training over done seeds; 0 if the method is not trained */
static double mean_seconds(const gate_group* h, const char* method, int* seeds) {
  double sum = 0;
  *seeds = 0;
  for (int i = 0; i < h->r->n_cells; i++) {
    const run_cell* c = &h->r->cells[i];
    if (!c->done || !run_in_group(h->g, c) || strcmp(c->method, method) != 0) continue;
    const double seconds = number_of(json_object_get(c->record, GOLDEN_SECONDS));
    if (!(seconds > 0)) continue;
    sum += seconds;
    ++*seeds;
  }
  return *seeds ? sum / *seeds : 0;
}

void gate_advise_time(gate_group* h) {
  for (int m = 0; m < h->g->n_methods && h->has_golden; m++) {
    const char* method = h->g->methods[m];
    double golden = 0;
    int seeds, n = 0;
    const golden_row* accepted = next_accepted(h, NULL, method, GOLDEN_SECONDS, 0);
    for (; accepted; accepted = next_accepted(h, accepted, method, GOLDEN_SECONDS, 0), n++) golden += accepted->value;
    golden /= n ? n : 1;
    const double seconds = mean_seconds(h, method, &seeds);
    if (!seeds || !(golden > 0)) continue;
    char limit[64], detail[64];
    row r = row_default();
    r.task = h->g->task;
    r.profile = h->g->profile;
    r.method = method;
    r.metric = GOLDEN_SECONDS;
    r.unit = "s";
    r.value = seconds;
    r.n = seeds;
    snprintf(limit, sizeof limit, "was %.3g", golden);
    snprintf(detail, sizeof detail, "%+.0f %%", 100 * (seconds / golden - 1));
    gate_add_row(h->out, GATE_ADVISORY, &r, limit, detail);
    gate_locate(h->out, h->golden.path, 0, "");
  }
}

/* the length of the name of the metric that a new metric is a part of, itself new: "slip" of "slip.chain" */
static size_t new_name(const gate_group* h, const char* metric) {
  const size_t length = strcspn(metric, ".");
  char* whole = format_text("%.*s", (int)length, metric);
  const bool known = has_accepted_of(h, NULL, whole);
  df_free(whole);
  return known ? strlen(metric) : length;
}

void gate_advise_new(gate_group* h) {
  text names = {0};
  int n = 0;
  for (int i = 0; i < h->g->n_metrics && h->has_golden; i++) {
    if (has_accepted_of(h, NULL, h->g->metrics[i])) continue;
    const size_t length = new_name(h, h->g->metrics[i]);
    bool listed = false;
    for (int j = 0; j < i && !listed; j++) {
      listed = strncmp(h->g->metrics[j], h->g->metrics[i], length) == 0 &&
               !has_accepted_of(h, NULL, h->g->metrics[j]) && new_name(h, h->g->metrics[j]) == length;
    }
    n++;
    if (!listed) text_add(&names, "%s%.*s", names.n ? ", " : "", (int)length, h->g->metrics[i]);
  }
  if (n) {
    row r = row_default();
    r.task = h->g->task;
    r.profile = h->g->profile;
    r.metric = "golden";
    char* detail = format_text("%d metric%s not in %s and not compared: %s; accept a new table to add them", n,
                               n > 1 ? "s are" : " is", h->golden.path, text_of(&names));
    gate_add_row(h->out, GATE_ADVISORY, &r, "", detail);
    gate_locate(h->out, h->golden.path, 0, GATE_NEW_METRICS);
    df_free(detail);
  }
  text_clear(&names);
}

/* the row of a relative tolerance that is narrower than the spread of the seeds of the run */
static void advise_spread(gate_group* h, const band* b, const measured* m) {
  row r = row_of(h, b, m);
  r.value = df_estimate_sorted(DF_ESTIMATE_MEAN, m->n, m->value);
  for (int s = 0; s < m->n; s++) r.lo = fmin(r.lo, m->value[s]);
  for (int s = 0; s < m->n; s++) r.hi = fmax(r.hi, m->value[s]);
  const double spread = fmax(r.hi - r.value, r.value - r.lo), tolerance = b->bound * fabs(r.value) + b->absolute;
  if (spread <= tolerance) return;
  char limit[96], deviation[64];
  const pairing none = {.n = 0};
  limit_text(b, &none, limit, sizeof limit);
  /* a mean of 0 has no percentage */
  const double percent = 100 * spread / fabs(r.value);
  if (percent < 1e6) {
    snprintf(deviation, sizeof deviation, "%.0f %%", percent);
  } else {
    snprintf(deviation, sizeof deviation, "%.3g%s%.30s", spread, m->unit[0] ? " " : "", m->unit);
  }
  char* detail =
      format_text("seeds deviate up to %s from their mean: on other machines this tolerance will not hold", deviation);
  gate_add_row(h->out, GATE_ADVISORY, &r, limit, detail);
  gate_locate(h->out, h->expect.path, b->limit_line, "spread");
  df_free(detail);
}

void gate_advise_spread(gate_group* h) {
  for (int i = 0; i < h->expect.n; i++) {
    const band* b = &h->expect.bands[i];
    if (b->kind != BAND_RELATIVE || !is_of_group(h, b)) continue;
    measured m = measure(h->r, h->g, b->method, b->metric, b->k);
    if (m.n > 1) advise_spread(h, b, &m);
    measured_clear(&m);
  }
}
