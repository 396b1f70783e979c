#include "replay_verdict.h"

#include <math.h>

#include "dynaflow/stats/statistics.h"

enum { LEAST_GROWTH = 4 };  /* actions: what grows in fewer is a jump */
enum { MOST_WINDOWS = 98 }; /* percent of the windows of several actions that must be explained */
/* errors over the limit of one action that doubles are not rounded by: 1000 limits of 1e-12 are millions of last bits
 */
static const double FAR = 1000;
enum { LEAST_BIASED = 8 }; /* windows: the median of fewer is beyond BIAS by chance */
/* what an alternative leaves of the RMS error if the tolerance of the solver is to explain the rest: half of it may go
 * by chance */
static const double LEFT_TO_SOLVER = 0.1;
static const double BIAS = 1.5; /* the median error of windows, in spreads, that rounding does not reach */

static const struct {
  const char *text, *status;
  int exit_code;
} verdicts[] = {
#define REPLAY_ROW(name, text, status, code) [name] = {text, status, code},
    REPLAY_VERDICTS(REPLAY_ROW)
#undef REPLAY_ROW
};

const char* replay_verdict_text(replay_verdict verdict) {
  return verdicts[verdict].text;
}

const char* replay_verdict_status(replay_verdict verdict) {
  return verdicts[verdict].status;
}

int replay_verdict_exit(replay_verdict verdict) {
  return verdicts[verdict].exit_code;
}

replay_fit replay_fit_none(void) {
  const double none = INFINITY;
  return (replay_fit){.carried = none,
                      .cleared = none,
                      .cleared_start = none,
                      .open_loop = none,
                      .start = none,
                      .step = none,
                      .drift = none,
                      .solver_step = none,
                      .solver_drift = none};
}

static bool is_exact(const replay_fit* f) {
  return f->carried <= 1;
}

static bool is_rounded(const replay_fit* f) {
  return f->step <= 1 && f->drift <= 1;
}

bool replay_tolerated(const replay_fit* f) {
  return f->steps > 0 && f->solver_step <= 1 && f->solver_drift <= 1;
}

bool replay_settles(const replay_fit* f) {
  return f->steps > 0 && f->unsettled > 0 && f->start <= 1;
}

bool replay_fits(const replay_fit* f) {
  return f->steps > 0 && (is_exact(f) || is_rounded(f) || replay_settles(f));
}

bool replay_rounded_actions(const replay_evidence* e) {
  return (replay_fits(&e->actions) || replay_tolerated(&e->actions)) && action_errors_look_rounded(&e->needed);
}

/* of a model, exactly or by rounding, and with the tolerance of the solver */
static double error_of(const replay_fit* f) {
  const double settled = f->unsettled ? f->start : INFINITY;
  return f->steps ? fmin(settled, fmin(f->carried, fmax(f->step, f->drift))) : INFINITY;
}

static double tolerated_error(const replay_fit* f) {
  return f->steps ? fmax(f->solver_step, f->solver_drift) : INFINITY;
}

double replay_error(const replay_evidence* e) {
  double out = fmin(error_of(&e->trained), error_of(&e->own));
  if (e->trained.steps) out = fmin(out, e->trained.cleared_start);
  out = fmin(out, tolerated_error(&e->trained));
  if (e->own_converges) out = fmin(out, tolerated_error(&e->own));
  if (e->best_is_solver) out = fmin(out, error_of(&e->best));
  if (action_errors_look_rounded(&e->needed))
    out = fmin(out, fmin(error_of(&e->actions), tolerated_error(&e->actions)));
  return out;
}

bool replay_own_explains(const replay_evidence* e) {
  if (replay_settles(&e->own) && !replay_settles(&e->trained) && !is_rounded(&e->trained)) return true;
  return e->own.steps > 0 && (is_exact(&e->own) || (is_rounded(&e->own) && !is_rounded(&e->trained)));
}

bool replay_is_far(const replay_evidence* e, bool solver_acts) {
  return !e->rounded && solver_acts && e->trained.carried > FAR;
}

bool replay_is_closer(double rms, double best_rms) {
  return best_rms < rms / 2;
}

bool replay_best_explains(const replay_evidence* e) {
  if (replay_fits(&e->best)) return true;
  return !e->best_is_solver && e->best_converges && replay_tolerated(&e->best) &&
         e->best_rms <= LEFT_TO_SOLVER * e->rms;
}

/* the verdict that names the best alternative */
static replay_verdict best_of(const replay_evidence* e) {
  return e->best_is_solver ? REPLAY_SOLVER_LIMITED : e->best_reads ? REPLAY_ANOTHER_CONVENTION : REPLAY_ANOTHER_OPTION;
}

/* every action is explained by rounding */
static replay_verdict judge_rounded(const replay_evidence* e) {
  if (e->rounded) return REPLAY_ROUNDING;
  if (replay_own_explains(e) || e->trained.cleared_start <= 1) return REPLAY_SOLVER_LIMITED;
  if (e->best.steps > 0 && is_exact(&e->best)) return best_of(e);
  return e->far ? REPLAY_SOLVER_LIMITED : REPLAY_ROUNDING;
}

static replay_verdict judge(const replay_evidence* e) {
  const replay_fit* t = &e->trained;
  if (t->steps == 0) return REPLAY_NOTHING;

  /* every action is exact: whatever is left is the growth of rounding errors, or the solver's start */
  if (is_exact(t)) {
    if (!(t->open_loop <= 1) && !(e->solver_sized && t->cleared > 1))
      return e->jumps ? REPLAY_SOLVER_LIMITED : e->exponential ? REPLAY_CHAOTIC : REPLAY_ROUNDING;
    return t->cleared <= 1 ? REPLAY_FOLLOWS : REPLAY_SOLVER_LIMITED;
  }
  if (is_rounded(t)) return judge_rounded(e);

  /* the same model, solved otherwise; a difference that the recording cannot show is none */
  if (e->rounded && t->step <= 1 && is_rounded(&e->own)) return REPLAY_ROUNDING;
  if (replay_fits(&e->own) || replay_settles(t) || t->cleared_start <= 1) return REPLAY_SOLVER_LIMITED;

  if (e->unrelated) return REPLAY_UNRELATED;
  if (replay_best_explains(e)) return best_of(e);
  const bool closer = replay_is_closer(e->rms, e->best_rms);
  if (replay_rounded_actions(e) && !closer) return e->needed.few ? REPLAY_UNDECIDED : REPLAY_ROUNDING;
  const bool tolerated = replay_tolerated(t) || (replay_tolerated(&e->own) && e->own_converges);
  if (e->differences) return REPLAY_ANOTHER_CONVENTION;
  /* what a better solver explains better is the tolerance */
  if (!tolerated || (closer && !e->best_is_solver)) return REPLAY_ANOTHER_MODEL;
  return e->rounded ? REPLAY_ROUNDING : REPLAY_SOLVER_LIMITED;
}

replay_verdict replay_judge(const replay_evidence* e) {
  const replay_verdict found = judge(e);
  return found == REPLAY_ROUNDING && e->hidden ? REPLAY_UNDECIDED : found;
}

size_t replay_windows_needed(size_t n) {
  return (MOST_WINDOWS * n + 99) / 100;
}

double replay_drift(double* explained, double* plain, size_t n) {
  if (n == 0) return 0;
  df_sort((int)n, explained);
  df_sort((int)n, plain);
  const double most = explained[replay_windows_needed(n) - 1];
  return n < LEAST_BIASED ? most : fmax(most, plain[(n - 1) / 2] / BIAS);
}

double replay_doubling(const double* error, int n, double floor) {
  double top = 0;
  for (int i = 0; i < n && isfinite(error[i]); i++) top = fmax(top, error[i]);
  /* from the last frame at the floor to the first one near the top */
  int last = 0, first = -1;
  while (last < n && isfinite(error[last]) && error[last] < top / 8) last++;
  for (int i = 0; i < last; i++) {
    if (error[i] <= floor) first = i;
  }
  if (first < 0 || last == n || !isfinite(error[last])) return INFINITY;
  const double growth = error[last] / floor, actions = last - first;
  return actions >= LEAST_GROWTH && growth > fmax(16, actions * actions) ? actions / log2(growth) : INFINITY;
}
