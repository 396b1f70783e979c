/* the reason of a verdict, in words */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "replay_study.h"
#include "text.h"

const hypothesis* replay_study_alternative(const replay_study* s) {
  const bool named = s->verdict == REPLAY_ANOTHER_OPTION || s->verdict == REPLAY_ANOTHER_CONVENTION;
  return named && replay_best_explains(&s->evidence) ? &s->tried.list[s->tried.best] : NULL;
}

const char* replay_study_would_fit(const replay_study* s) {
  const hypothesis* h = replay_study_alternative(s);
  return s->reading.words ? s->reading.remedy : h ? hypothesis_text(h) : NULL;
}

/* "1e-08 m, rad and 1.4e-07 m/s, rad/s" */
static void add_error(text* t, const replay_study* s, const double worst[KINDS]) {
  text_add(t, "%.2g m, rad", worst[POSITION]);
  if (recording_compares(&s->r, VELOCITY))
    text_add(t, " and %.2g m/s, rad/s", worst[VELOCITY]);
  else
    text_add(t, " (velocities are not compared)");
}

static void add_growth(text* t, const replay_study* s) {
  const double reached = largest(s->trained.open_loop[POSITION], s->trained.episodes);
  if (s->evidence.trained.open_loop <= 1) return;
  text_add(t, "; over whole episodes the errors reach %.2g m, rad", reached);
  if (isfinite(s->doubling)) text_add(t, " and double every %.3g actions (%.2g s)", s->doubling, s->doubling * s->r.dt);
}

/* several differences from the model have to bring the error down by so much more than one */
static const double SEVERAL = 5;

/* how many windows were looked at, if not all */
static void add_windows(text* t, const replay_fit* f) {
  if (f->windows < f->of_windows)
    text_add(t, "; of the windows of several actions, %zu of %zu were simulated", f->windows, f->of_windows);
}

static void add_precision(text* t, const replay_study* s) {
  char name[KINDS][40];
  for (int kind = 0; kind < KINDS; kind++) df_stored_precision_text(s->r.stored[kind], name[kind]);
  text_add(t, "positions: %s, velocities: %s", name[POSITION], name[VELOCITY]);
}

/* which of the model file's own solver options make the difference, and what training has instead */
static void add_own_options(text* t, const replay_study* s) {
  const hypothesis* list = s->tried.list;
  const double enough = 1.01 * list[TRY_OWN].rms + 1e-14;
  if (list[TRY_OWN_ISLANDS].rms <= enough)
    text_add(t, "constraint islands, as its file has them; training simulates without");
  else if (list[TRY_OWN_LIMITS].rms <= enough)
    text_add(t, "option iterations = %d of its file; training has system.iterations = %d", s->own_iterations,
             s->iterations);
  else
    text_add(t,
             "the solver options of its file (solver, islands, iterations = %d, tolerance); training simulates without "
             "islands and with system.iterations = %d",
             s->own_iterations, s->iterations);
}

/* that no alternative is worth naming as a cause, and which is the closest */
static void add_closest(text* t, const replay_study* s) {
  const replay_evidence* e = &s->evidence;
  const int best = s->tried.best;
  const bool known = best == TRY_TRAINED || (best == TRY_OWN && s->own_is_closer);
  if (known || !(e->best_rms < 0.99 * e->rms))
    text_add(t, "none of %d alternatives comes closer", s->tried.n);
  else
    text_add(t, "none of %d alternatives fits: the closest, %s, leaves %.2g %% of the RMS error", s->tried.n,
             hypothesis_text(&s->tried.list[best]), 100 * e->best_rms / e->rms);
}

/* which actions need a warm start that is not recorded */
static void add_unsettled(text* t, const replay_fit* f) {
  text_add(
      t,
      ": %zu of %zu actions are exact; the first ones of an episode depend on the solver's warm start of the frame "
      "before it, which is not recorded, and differ by up to ",
      f->steps - f->unsettled, f->steps);
}

static void add_solver_reason(text* t, const replay_study* s, const double worst[KINDS]) {
  const replay_evidence* e = &s->evidence;
  if (e->trained.carried <= 1) {
    const double cleared[KINDS] = {largest(s->trained.cleared[POSITION], s->trained.steps),
                                   largest(s->trained.cleared[VELOCITY], s->trained.steps)};
    text_add(t, "every action follows with the solver's warm start of the preceding one; ");
    if (e->trained.cleared > 1) {
      text_add(t,
               "from a cleared warm start, where rollouts begin, the solver stops elsewhere and one action differs by "
               "up to ");
      add_error(t, s, cleared);
    }
    if (e->jumps)
      text_add(t,
               "%swhere the constraint solver stops depends on the last digits, so that errors reach %.2g m, rad over "
               "whole episodes",
               e->trained.cleared > 1 ? "; " : "", largest(s->trained.open_loop[POSITION], s->trained.episodes));
  } else if (replay_settles(&e->own) && replay_own_explains(e)) {
    text_add(t, "the recording follows if the model has ");
    add_own_options(t, s);
    add_unsettled(t, &e->own);
    add_error(t, s, s->own_worst);
  } else if (replay_own_explains(e)) {
    text_add(t, "the recording follows, to ");
    add_error(t, s, s->own_worst);
    text_add(t, ", if the model has ");
    add_own_options(t, s);
    text_add(t, ", by which one action differs by up to ");
    add_error(t, s, worst);
  } else if (replay_settles(&e->trained)) {
    text_add(t, "the recording follows");
    add_unsettled(t, &e->trained);
    add_error(t, s, worst);
  } else if (e->trained.cleared_start <= 1) {
    text_add(t, "every action follows from a cleared warm start: the recorder cleared it, too");
  } else if (e->best.carried <= 1 || (replay_fits(&e->best) && !replay_fits(&e->trained))) {
    text_add(t, "the recording follows with: %s; as training simulates it, one action differs by up to ",
             hypothesis_text(&s->tried.list[s->tried.best]));
    add_error(t, s, worst);
  } else {
    /* of a recording that is rounded, the verdict is rounding */
    const bool better = replay_is_closer(e->rms, e->best_rms);
    text_add(t, "the tolerance of the constraint solver explains the errors");
    if (!better) {
      text_add(t, ", and ");
      add_closest(t, s);
    }
    text_add(t, ": %zu of %zu actions are exact, the others differ by up to ", s->exact, s->trained.steps);
    add_error(t, s, worst);
    if (better) {
      text_add(t, ", with %s by up to ", hypothesis_text(&s->tried.list[s->tried.best]));
      add_error(t, s, s->best_worst);
    }
  }
}

/* Whether the best alternative is worth naming: its errors are much smaller on the sample and on all actions. Several
 * differences together may come closer by chance. */
static bool comes_closer(const replay_study* s, const double worst[KINDS]) {
  const bool several = hypothesis_differences(&s->tried.list[s->tried.best]) > 1;
  bool closer = replay_is_closer(s->evidence.rms, s->evidence.best_rms);
  for (int kind = POSITION; kind <= VELOCITY; kind++)
    closer = closer && replay_is_closer(worst[kind] / (several ? SEVERAL : 1), s->best_worst[kind]);
  return closer;
}

static void add_driver(text* t, const replay_study* s) {
  if (s->tried.driver[0]) text_add(t, "; a force of %s alone would explain nearly all of it", s->tried.driver);
}

/* the changes that would be taken for rounding, too */
static void add_hidden(text* t, const replay_study* s) {
  int n = 0;
  text_add(t, "the recording follows up to its rounding (");
  add_precision(t, s);
  text_add(t, "), but the rounding is so coarse that it hides changes of the model: it would also follow with ");
  for (int i = 0; i < CHANGES; i++) {
    if (s->hidden[i]) text_add(t, "%s%s 5 %% larger", n++ ? ", or with " : "", replay_change_text(i));
  }
  text_add(t, "; store more digits to exclude it");
}

static void add_differences(text* t, const replay_study* s) {
  text_add(t,
           "the recorded velocities are differences of positions over a whole action, %s with dt = %g s, and not those "
           "of the simulator at the frames: the states do not follow from them, and whether the model is that of the "
           "recording cannot be determined; record the velocities of the simulator (qvel)",
           replay_differences_formula(s->differences), s->r.dt);
}

static void add_varying(text* t, const varying_steps* v) {
  text_add(t,
           "the number of physics steps of %g s per action varies: %d in %.3g %% of the actions, %d in the rest; "
           "training needs the same number in all of them: record at a whole number of steps, data.rate = %.10g for %d",
           v->timestep, v->usual, 100 * v->share, v->other, 1 / (v->usual * v->timestep), v->usual);
}

static bool is_mostly_exact(const replay_study* s) {
  return s->exact > s->trained.steps / 2;
}

/* Actions that are no controls, such as outputs of a policy, are known by this: the controls that the model needs are a
 * linear function of them. */
static void add_scales(text* t, const replay_study* s) {
  static const double MOST = 0.85;
  if (s->verdict == REPLAY_ANOTHER_MODEL && !is_mostly_exact(s) && s->relation.explained > MOST)
    text_add(t,
             "; the actions explain %.2g of the variance of the controls that the model needs: if they are not "
             "actuator controls, `data import` fits data.action_scale and data.action_offset",
             s->relation.explained);
}

static void add_failure_reason(text* t, const replay_study* s, const double trained[KINDS]) {
  const replay_reading* reading = &s->reading;
  if (reading->words) {
    text_add(t, "%s: with %s the error of one action falls from %.2g to %.2g, %s", reading->words, reading->remedy,
             reading->as_is, reading->best, reading->mean ? "mean" : "median");
    return;
  }
  if (s->varying.usual) {
    add_varying(t, &s->varying);
    return;
  }
  const double* worst = s->own_is_closer && s->verdict == REPLAY_ANOTHER_MODEL ? s->own_worst : trained;
  const hypothesis* best = &s->tried.list[s->tried.best];
  if (s->verdict != REPLAY_ANOTHER_MODEL) {
    text_add(t, "the recording follows with: %s; this brings the error of one action from ", hypothesis_text(best));
  } else if (comes_closer(s, worst)) {
    text_add(t, "none of %d alternatives fits; the closest, %s, brings the error of one action from ", s->tried.n,
             hypothesis_text(best));
  } else {
    add_closest(t, s);
    text_add(t, "; one action is off by up to ");
    add_error(t, s, worst);
    if (is_mostly_exact(s)) text_add(t, ", and %zu of %zu are exact", s->exact, s->trained.steps);
    if (s->own_is_closer) text_add(t, " with the model file's own solver options");
    text_add(t, " (most in %s, episode %d, frame %d)", s->worst.joint, s->worst.episode, s->worst.frame);
    add_driver(t, s);
    return;
  }
  add_error(t, s, worst);
  text_add(t, " to ");
  add_error(t, s, s->best_worst);
  text_add(t, " (worst: %s, episode %d, frame %d)", s->worst.joint, s->worst.episode, s->worst.frame);
  if (s->verdict == REPLAY_ANOTHER_MODEL)
    add_driver(t, s);
  else if (!replay_fits(&s->evidence.best))
    text_add(t, "; the tolerance of the constraint solver explains the rest");
}

/* ---- the gap between the options of the recording and those of training ---- */

/* whether training's options leave an action that neither rounding nor the solver's tolerance explains, or that other
 * solver options are needed for */
static bool needs_other_options(const replay_study* s) {
  const replay_fit* t = &s->evidence.trained;
  return s->verdict == REPLAY_SOLVER_LIMITED ||
         (s->verdict == REPLAY_ROUNDING && !replay_rounded_actions(&s->evidence) && !replay_fits(t) &&
          !replay_tolerated(t));
}

replay_gap replay_study_gap(const replay_study* s) {
  replay_gap gap = {.large = false};
  if (!needs_other_options(s)) return gap;
  for (int kind = 0; kind < KINDS; kind++) {
    const double error = largest(s->trained.carried[kind], s->trained.steps);
    gap.share[kind] = s->motion[kind] > 0 ? error / s->motion[kind] : 0;
    gap.largest = fmax(gap.largest, gap.share[kind]);
  }
  for (size_t i = 0; i < s->trained.steps; i++) {
    bool off = false;
    for (int kind = 0; kind < KINDS; kind++)
      off = off || s->trained.carried[kind][i] > REPLAY_GAP_LARGE * s->motion[kind];
    gap.off += off;
  }
  gap.large = gap.largest > REPLAY_GAP_LARGE;
  return gap;
}

char* replay_study_warning(const replay_study* s) {
  const replay_gap gap = replay_study_gap(s);
  if (!gap.large) return NULL;
  text t = {0};
  const double worst[KINDS] = {largest(s->trained.carried[POSITION], s->trained.steps),
                               largest(s->trained.carried[VELOCITY], s->trained.steps)};
  text_add(&t,
           "the recorded actions do not reproduce the recording under the solver options of training: one action is "
           "off by up to ");
  add_error(&t, s, worst);
  text_add(&t,
           ", which is %.3g %% of the largest change over one action, and %zu of %zu actions by more than %g %%; "
           "training and evaluation, replay_demo included, simulate with these options (system.iterations = %d, no "
           "constraint islands): record again with them, or train without the actions (data.actions_key empty)",
           100 * gap.largest, gap.off, s->trained.steps, 100 * REPLAY_GAP_LARGE, s->iterations);
  char* out = format_text("%s", text_of(&t));
  text_clear(&t);
  return out;
}

/* ---- what is not compared ---- */

/* adds the names of the coordinates of a kind that the file does not hold, each joint once */
static bool add_derived(text* t, const recording* r, int kind, const char* what) {
  char last[64] = "", name[64];
  int n = 0;
  for (int i = r->from[kind]; i < r->from[kind + 1]; i++) {
    if (!r->derived[i]) continue;
    recording_name(r, i, name);
    if (strcmp(name, last) != 0) text_add(t, "%s%s", n++ ? ", " : what, name);
    memcpy(last, name, sizeof last);
  }
  return n > 0;
}

char* replay_left_out(const recording* r, double error, int window) {
  text t = {0};
  text_add(&t, "not compared, since they are not recorded: ");
  const bool positions = add_derived(&t, r, POSITION, "positions integrated from velocities (");
  if (positions) text_add(&t, ")");
  if (positions && error > 0) text_add(&t, ", off by up to %.2g m over %d actions", error, window);
  const bool velocities =
      add_derived(&t, r, VELOCITY, positions ? ", velocities from positions (" : "velocities from positions (");
  if (velocities) text_add(&t, ")");
  char* out = positions || velocities ? format_text("%s", text_of(&t)) : NULL;
  text_clear(&t);
  return out;
}

char* replay_study_reason(const replay_study* s) {
  text t = {0};
  double worst[KINDS];
  char precision[40];
  for (int kind = 0; kind < KINDS; kind++) worst[kind] = largest(s->trained.carried[kind], s->trained.steps);
  switch (s->verdict) {
    case REPLAY_FOLLOWS:
      text_add(&t, "the recorded states follow from the recorded actions");
      break;
    case REPLAY_ROUNDING:
      if (replay_rounded_actions(&s->evidence)) {
        df_stored_precision_text(s->r.action, precision);
        text_add(&t,
                 "the recording follows up to the rounding of its actions (%s), which were rounded after they were "
                 "simulated: one action is off by up to ",
                 precision);
        add_error(&t, s, worst);
        break;
      }
      text_add(&t, "the recording follows up to its rounding (");
      add_precision(&t, s);
      text_add(&t, ")%s: one action is off by up to ",
               replay_fits(&s->evidence.trained) ? "" : " and the tolerance of the constraint solver");
      add_error(&t, s, worst);
      add_growth(&t, s);
      add_windows(&t, replay_fits(&s->evidence.trained) ? &s->evidence.trained : &s->evidence.own);
      break;
    case REPLAY_UNDECIDED:
      if (s->evidence.hidden) {
        add_hidden(&t, s);
        break;
      }
      df_stored_precision_text(s->r.action, precision);
      text_add(&t,
               "the rounding of its actions (%s) would explain the recording, but so may another model: %zu actions "
               "are too few to decide",
               precision, s->trained.steps);
      break;
    case REPLAY_SOLVER_LIMITED:
      add_solver_reason(&t, s, worst);
      break;
    case REPLAY_CHAOTIC:
      text_add(&t, "every action follows, to ");
      add_error(&t, s, worst);
      add_growth(&t, s);
      break;
    case REPLAY_ANOTHER_OPTION:
    case REPLAY_ANOTHER_CONVENTION:
    case REPLAY_ANOTHER_MODEL:
      if (s->verdict == REPLAY_ANOTHER_CONVENTION && !replay_study_would_fit(s))
        add_differences(&t, s);
      else
        add_failure_reason(&t, s, worst);
      add_scales(&t, s);
      break;
    case REPLAY_UNRELATED:
      text_add(&t,
               "the actions do not explain the states: of the controls that the model needs they explain %.2g of the "
               "variance, and actions of other times up to %.2g; they may be of another recording or of other "
               "actuators; one action is off by up to ",
               fmax(0, s->relation.explained), fmax(0, s->relation.by_chance));
      add_error(&t, s, worst);
      break;
    case REPLAY_NOTHING:
      text_add(&t, "the data have no actions (data.actions_key is empty)");
      break;
  }
  char* out = format_text("%s", text_of(&t));
  text_clear(&t);
  return out;
}
