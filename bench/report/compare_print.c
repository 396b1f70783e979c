/* compare_print.c: comparisons as JSON rows and as text tables. */
#include "compare_print.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/stats/statistics.h"
#include "json.h"
#include "power.h"
#include "rows.h"
#include "terminal.h"
#include "text.h"

static const char* outcome_name(compare_outcome outcome) {
  static const char* const names[COMPARE_OUTCOMES] = {
#define COMPARE_NAME(code, name, exit_code) name,
      COMPARE_OUTCOME_LIST(COMPARE_NAME)
#undef COMPARE_NAME
  };
  return names[outcome];
}

static void set_number(json_t* o, const char* key, double v) {
  json_object_set_new(o, key, json_number(v));
}

static void set_text(json_t* o, const char* key, const char* v) {
  json_object_set_new(o, key, v && v[0] ? json_text(v) : json_null());
}

static void set_count(json_t* o, const char* key, int v) {
  json_object_set_new(o, key, v < 0 ? json_null() : json_integer(v));
}

/* the name of the compared method, or e.g. "dynaflow - action_fm" for two methods */
static void set_method(json_t* o, const comparison* one) {
  const bool same = strcmp(one->method_a, one->method_b) == 0;
  char* name = same ? df_strdup(one->method_a) : format_text("%s - %s", one->method_a, one->method_b);
  set_text(o, "method", name);
  df_free(name);
}

json_t* compare_row(const comparisons* c, const comparison* one) {
  json_t* o = json_object();
  /* the columns of all result rows */
  set_text(o, "task", one->task);
  set_method(o, one);
  json_object_set_new(o, "seed", json_null());
  set_text(o, "profile", one->profile);
  set_text(o, "metric", one->metric);
  json_object_set_new(o, "k", json_integer(one->k));
  set_number(o, "value", one->paired.difference.mean);
  set_text(o, "unit", one->unit);
  json_object_set_new(o, "n", json_integer(one->paired.difference.n));
  set_number(o, "lo", one->paired.difference.lo);
  set_number(o, "hi", one->paired.difference.hi);
  char* status = one->outcome == COMPARE_OK
                     ? df_strdup("ok")
                     : format_text("%s: %s", outcome_name(one->outcome), one->reason ? one->reason : "");
  set_text(o, "status", status);
  df_free(status);
  /* both sides */
  set_text(o, "run_a", c->a.run->name);
  set_text(o, "run_b", c->b.run->name);
  set_text(o, "method_a", one->method_a);
  set_text(o, "method_b", one->method_b);
  set_text(o, "better", one->better);
  set_count(o, "seeds", one->seeds);
  set_count(o, "episodes", one->episodes > 0 ? one->episodes : -1);
  /* statistics */
  set_number(o, "mean_a", one->mean_a);
  set_number(o, "mean_b", one->mean_b);
  set_number(o, "seed_lo", one->seed_lo);
  set_number(o, "seed_hi", one->seed_hi);
  set_number(o, "detectable", one->detectable);
  set_count(o, "seeds_needed", one->seeds_needed);
  set_number(o, "improvement", one->improvement.mean);
  set_number(o, "improvement_lo", one->improvement.lo);
  set_number(o, "improvement_hi", one->improvement.hi);
  set_count(o, "only_a", one->only_a);
  set_count(o, "only_b", one->only_b);
  set_number(o, "p", one->p);
  set_number(o, "p_holm", one->p_holm);
  set_count(o, "tests", c->tests);
  /* verdict and settings of the bootstrap */
  set_text(o, "winner", one->winner == 'a' ? "a" : one->winner == 'b' ? "b" : NULL);
  set_text(o, "reason", one->reason);
  json_object_set_new(o, "bootstrap_seed", json_integer((json_int_t)c->cfg.seed));
  set_count(o, "resamples", c->cfg.resamples);
  return o;
}

/* ---- text tables ---- */

static void set_formatted(json_t* o, const char* key, char* owned) {
  json_object_set_new(o, key, json_text(owned));
  df_free(owned);
}

static char* number_text(double v) {
  return isfinite(v) ? format_text("%.4g", v) : df_strdup("-");
}

static char* range_text(double lo, double hi) {
  return isfinite(lo) && isfinite(hi) ? format_text("%.4g .. %.4g", lo, hi) : df_strdup("-");
}

static char* probability_text(const df_interval* i) {
  if (!isfinite(i->mean)) return df_strdup("-");
  if (!isfinite(i->lo) || !isfinite(i->hi)) return format_text("%.2f (-)", i->mean);
  return format_text("%.2f (%.2f .. %.2f)", i->mean, i->lo, i->hi);
}

static char* verdict_text(const comparison* one) {
  if (one->outcome != COMPARE_OK)
    return format_text("%s: %s", outcome_name(one->outcome), one->reason ? one->reason : "");
  if (one->winner) return format_text("%c is better", one->winner == 'a' ? 'A' : 'B');
  return df_strdup(one->reason ? one->reason : "");
}

static json_t* table_row(const comparisons* c, const comparison* one) {
  json_t* o = json_object();
  json_object_set_new(o, "metric", json_string(one->metric));
  json_object_set_new(o, "k", json_integer(one->k));
  json_object_set_new(o, "unit", json_string(one->unit));
  if (one->metric[0]) {
    const df_interval *d = &one->paired.difference, *i = &one->improvement;
    set_formatted(o, "A", number_text(one->mean_a));
    set_formatted(o, "B", number_text(one->mean_b));
    set_formatted(o, "A - B", number_text(d->mean));
    set_formatted(o, "95 % interval", range_text(d->lo, d->hi));
    set_formatted(o, "by seed", range_text(one->seed_lo, one->seed_hi));
    set_formatted(o, "detectable", number_text(one->detectable));
    if (c->cfg.wanted > 0)
      set_formatted(o, "seeds needed", one->seeds_needed < 0 ? df_strdup("-") : format_text("%d", one->seeds_needed));
    set_formatted(o, "P(A better)", probability_text(i));
    set_formatted(o, "fell", one->only_a < 0 ? df_strdup("") : format_text("%d : %d", one->only_a, one->only_b));
    set_formatted(o, "p", isnan(one->p) ? df_strdup("-") : format_text("%.2g", one->p));
    set_formatted(o, "p (Holm)", isnan(one->p_holm) ? df_strdup("-") : format_text("%.2g", one->p_holm));
    json_object_set_new(o, "n", json_integer(d->n));
  }
  set_formatted(o, "verdict", verdict_text(one));
  return o;
}

static bool same_pair(const comparison* a, const comparison* b) {
  return !strcmp(a->task, b->task) && !strcmp(a->profile, b->profile) && !strcmp(a->method_a, b->method_a) &&
         !strcmp(a->method_b, b->method_b);
}

static void print_heading(const comparisons* c, const comparison* one) {
  text line = {0};
  text_add(&line, "%s, profile %s: ", one->task, one->profile);
  if (one->method_a[0]) {
    text_add(&line, "A = %s of %s, B = %s of %s", one->method_a, c->a.run->name, one->method_b, c->b.run->name);
  } else {
    text_add(&line, "A = %s, B = %s", c->a.run->name, c->b.run->name);
  }
  if (one->seeds) text_add(&line, "; %d seed%s", one->seeds, one->seeds == 1 ? "" : "s");
  print_line(stdout, "%s", text_of(&line));
  text_clear(&line);
}

bool compare_lacks_episodes(const comparisons* c) {
  for (int i = 0; i < c->n; i++) {
    if (isfinite(c->list[i].paired.difference.mean) && c->list[i].episodes == 0) return true;
  }
  return false;
}

static void print_notes(const comparisons* c) {
  print_line(
      stdout,
      "A - B: mean difference on the same start states. 95 %% interval: Student's, with the standard error of %d "
      "bootstrap resamples",
      c->cfg.resamples);
  print_line(
      stdout,
      "(generator seed %llu) of seeds and of test episodes with all their windows, and one degree of freedom less "
      "than the fewer of both.",
      (unsigned long long)c->cfg.seed);
  print_line(stdout, "by seed: smallest and largest mean difference of a seed.");
  print_line(stdout,
             "detectable: a true difference of this size has p < 0.05 in 80 %% of such comparisons, if it is the only "
             "one that is made%s",
             c->cfg.wanted > 0 ? ";" : ".");
  if (c->cfg.wanted > 0)
    print_line(stdout,
               "seeds needed: so many find one of %g on these episodes in that sense (-: no number up to %d does; take "
               "more episodes).",
               c->cfg.wanted, POWER_SEEDS_MAX);
  print_line(stdout,
             "P(A better): probability that A on one start state is better than B on an independently drawn one, with "
             "the same seed.");
  print_line(
      stdout,
      "fell: number of episodes in which A : B fell more often. p: the larger of that of Student's t and that of "
      "all signs that the");
  print_line(stdout,
             "differences of the test episodes can have; for falls, also of the exact McNemar test over episodes.");
  print_line(stdout,
             "p (Holm) is adjusted for the %d test%s made here: copies of a metric count once, and comparisons that "
             "cannot have a winner, such as",
             c->tests, c->tests == 1 ? "" : "s");
  print_line(
      stdout,
      "those of two zeros, do not count. Intervals are not adjusted (if all %d differences were zero, about %.1f",
      c->tests, 0.05 * c->tests);
  print_line(
      stdout,
      "intervals would exclude zero). A winner is named if p (Holm) < 0.05, all seeds agree on the sign (and, of "
      "falls, the McNemar test");
  print_line(stdout,
             "does), and there are at least %d seeds. Few seeds or episodes tell little about others: with 3 seeds a "
             "single difference must be",
             c->cfg.min_seeds);
  print_line(stdout, "4.3 standard errors large, with 5 seeds 2.8.");
  if (compare_lacks_episodes(c)) {
    print_line(stdout,
               "The records do not say which start states belong to one episode (an older version wrote them): start "
               "states count as");
    print_line(stdout, "independent, and intervals may be too narrow.");
  }
}

void compare_print(const comparisons* c, const options* opts) {
  if (opts->json) {
    rows all = rows_new();
    for (int i = 0; i < c->n; i++) rows_add_object(&all, compare_row(c, &c->list[i]));
    rows_print(&all, opts);
    rows_free(&all);
    return;
  }
  for (int i = 0; i < c->n;) {
    rows table = rows_new();
    const comparison* first = &c->list[i];
    print_heading(c, first);
    for (; i < c->n && same_pair(first, &c->list[i]); i++) rows_add_object(&table, table_row(c, &c->list[i]));
    rows_print(&table, opts);
    print_line(stdout, "%s", "");
    rows_free(&table);
  }
  if (c->tests && !opts->quiet) print_notes(c);
}
