#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base_fit.h"
#include "check_parts.h"
#include "dynaflow/core/alloc.h"
#include "frame_interval.h"
#include "joints.h"
#include "text.h"
#include "usual_rates.h"

enum { ORDER_PAIRS = 4000, EPISODE_PAIRS = 10 };

static bool moves(const trace_fit* f) {
  return f->n > 0 && f->change > 1e-9;
}

/* ---- velocities that are not there ---- */

static const double STILL = 1e-6; /* of the RMS change */

static bool is_zero(const trace_fit* f) {
  return moves(f) && f->speed < STILL * f->change;
}

/* a group without velocities; its columns without them if only some are */
static void check_zero(const trace* m, int group, const trace_fit* f, data_findings* out) {
  text names = {0};
  int n = 0;
  for (int i = 0; i < m->nv; i++) {
    char name[80];
    if (m->group[i] != group) continue;
    const trace_fit one = trace_fit_pair(m, i, i);
    if (!is_zero(&one) || one.change < 0.01 * f->change) continue;
    check_dof_name(m, i, name);
    text_add(&names, "%s%s", n++ ? ", " : "", name);
  }
  if (n) {
    data_finding* one = data_findings_add(out, DATA_CHECK_VELOCITY_ZERO, trace_group_name(trace_has_base(m), group), n,
                                          0, "coordinates that move");
    data_finding_judge(one, CHECK_WRONG, "the recorded velocities are zero while the positions change: %s",
                       text_of(&names));
    data_finding_fits(one, "data.velocities", "differences");
  }
  text_clear(&names);
}

/* ---- frame rate, scale and shift ---- */

/* pairs of frames, and a group or, -1, all dofs */
typedef struct part {
  const trace* m;
  size_t from, to;
  int group;
} part;

static part part_of(const trace* m, int group) {
  return (part){m, 0, m->n, group};
}

/* of the frames: a slope or a shift has to explain them */
static const double MOST = 0.5;

/* with smaller errors single frames give the slope exactly */
static const double EXACT = 0.01;

/* Whether a slope may be that of velocities that fall exponentially within a frame, as those of servos do that settle:
 * with the rate a of it, the change in a frame of T s is (exp(a T) - 1) / (a T) > 1 times the velocity at its end, and
 * less than that at its start. */
static bool is_of_decay(int lag, double slope) {
  return (lag == LAG_SEMI_IMPLICIT && slope > 1) || (lag == LAG_EXPLICIT && slope < 1);
}

/* Whether a slope may be one of frames within which a contact, a limit or a controller acts: where velocities are
 * steady, the changes follow as they are, or nearly so; or hardly anything of the motion is steady, and the slope is
 * one of decay or of less than 1.5; or half of it is not, and a slope of less than 1.5 leaves more than a small share
 * of the error. */
static bool is_of_impacts(const part* p, int lag, double slope, double as_is, double fitted) {
  static const double OF_IT = 0.5, MOSTLY = 0.5, HARDLY = 0.05, CLEARLY = 0.4, LITTLE = 1.5;
  const trace_steady steady = trace_steady_of(p->m, p->from, p->to, p->group);
  if (steady.slope > 0 && fabs(log(steady.slope)) < OF_IT * fabs(log(slope))) return true;
  const bool little = fmax(slope, 1 / slope) < LITTLE;
  /* a change that a velocity at one end gives exactly, though it is not steady, is one of decay */
  if (steady.share < MOSTLY && fitted < EXACT && is_of_decay(lag, slope)) return true;
  if (steady.share < HARDLY) return little || is_of_decay(lag, slope);
  return little && steady.share < MOSTLY && fitted > CLEARLY * as_is;
}

/* The slope that a part needs; NAN: none, since velocities explain the changes as they are, at any lag. Most frames
 * have to follow with a slope, not only those of impacts. */
static double slope_of(const part* p, const trace_fit* f) {
  const int lag = frame_interval_lag(f);
  if (lag < 0) return NAN;
  const double fitted = f->fitted[lag], slope = f->slope[lag];
  const double as_is = fmin(trace_error(f, NULL), f->error[lag]);
  const bool needs = moves(f) && !is_zero(f) && check_explains(as_is, fitted);
  if (!needs || !(slope > 0) || fabs(slope - 1) <= 0.02 || is_of_impacts(p, lag, slope, as_is, fitted)) return NAN;
  return trace_share_explained(p->m, p->from, p->to, p->group, lag, slope, f->change) > MOST ? slope : NAN;
}

/* whether velocities of the group follow positions at all, as they are or with a slope */
static bool follows(const trace_fit* f) {
  return moves(f) && !is_zero(f) && trace_fitted_error(f, NULL) < CHECK_EXPLAINS;
}

/* whether something states how long a frame takes: without that it is taken to be the action of the system */
static bool is_stated(const trace* m) {
  const fit_source* source = &m->source;
  return !source->config || source->config->data_rate > 0 || df_recording_rate(source->recording) > 0;
}

/* Whether a factor may be that of a frame rate: up to 10, or a whole number up to 25, since recordings of every 10th or
 * 20th step of a model are common. Larger ones are those of units. If the rate is not stated, a frame is taken as one
 * action, and factors up to 50 are allowed. */
static bool is_rate(const trace* m, double slope) {
  static const double ANY_MAX = 10, WHOLE_MAX = 25, WHOLE = 0.005, UNSTATED_MAX = 50.5;
  const double factor = fmax(slope, 1 / slope);
  if (!is_stated(m)) return factor < UNSTATED_MAX;
  return factor < ANY_MAX || (factor < WHOLE_MAX && fabs(round(factor) - factor) < WHOLE * factor);
}

/* the smallest error of the right lags that follow with this slope */
static double error_of_slope(const trace_fit* f, double slope) {
  double least = INFINITY;
  for (int lag = 0; lag < LAGS; lag++) {
    if (!trace_lag_is_right(lag) || !(f->slope[lag] > 0)) continue;
    const double left = f->fitted[lag] * f->fitted[lag], off = slope / f->slope[lag] - 1;
    least = fmin(least, sqrt(left + (1 - left) * off * off));
  }
  return least;
}

/* Whether the velocities of a group explain its changes with the slope no worse than as they are, at some right lag; or
 * they tell nothing. */
static bool takes_slope(const trace_fit* f, double slope) {
  return error_of_slope(f, slope) <= trace_error(f, NULL) || trace_error(f, NULL) >= 1;
}

/* Whether the velocities of a group follow too badly, with any slope, to say more than that of others: as those of a
 * base that rocks within frames on feet that servos hold. As they are they explain the changes not much better than
 * with the slope: a group that were right would. */
static bool is_outvoted(const trace_fit* f, double slope) {
  return trace_fitted_error(f, NULL) > CHECK_ERROR_DOUBT &&
         trace_error(f, NULL) > CHECK_EXPLAINS * error_of_slope(f, slope);
}

/* whether no group that moves needs another slope; `agreed`: groups that follow agree on this one, and outvote others
 */
static bool all_take_slope(const trace_fit f[GROUPS], double slope, bool agreed) {
  for (int g = 0; g < GROUPS; g++) {
    const bool takes = takes_slope(&f[g], slope) || (agreed && is_outvoted(&f[g], slope));
    if (moves(&f[g]) && !is_zero(&f[g]) && !takes) return false;
  }
  return true;
}

/* Whether the stated duration of a frame, which is a whole number of physics steps, outweighs the one with a slope,
 * which is not and which one group of several shows: as likely, its positions have another scale. */
static bool is_outweighed(const trace* m, double slope, double doubt) {
  static const double OF_A_STEP = 0.005;
  const double step = m->step;
  for (size_t k = 0; k < m->n; k++) {
    const double steps = m->h[m->episode[k]] / step, other = steps * slope;
    const bool whole = round(steps) >= 1 && fabs(steps - round(steps)) < OF_A_STEP;
    const bool is_told = 2 * doubt * other < 1, other_whole = fabs(other - round(other)) <= doubt * other;
    if (!whole || !is_told || other_whole) return false;
  }
  return is_stated(m);
}

/* of groups, by the slopes that they show: as the factor, to 15 %, or others */
typedef struct shown {
  int same, others;
} shown;

static shown groups_that_show(const trace* m, const trace_fit f[GROUPS], double factor) {
  static const double OTHER = 1.15;
  shown n = {0};
  for (int g = 0; g < GROUPS; g++) {
    const part all = part_of(m, g);
    const double own = slope_of(&all, &f[g]);
    const bool other = isfinite(own) && fmax(own / factor, factor / own) > OTHER;
    n.same += isfinite(own) && !other;
    n.others += other;
  }
  return n;
}

/* Whether a factor that at most one group shows is not that of the frames: another group shows another one, or the
 * stated duration outweighs it, unless there is no other group that moves. */
static bool is_of_one_group(const trace* m, const trace_fit f[GROUPS], double factor, double doubt) {
  int moving = 0;
  for (int g = 0; g < GROUPS; g++) moving += moves(&f[g]);
  const shown n = groups_that_show(m, f, factor);
  return n.same <= 1 && moving > 1 && (n.others > 0 || is_outweighed(m, factor, doubt));
}

/* Whether hinges and slides that follow well, with the slope that fits, show a factor, and none shows another one: a
 * wheel, beside a steering that chatters in the same group. */
static bool joints_show(const trace* m, double factor) {
  static const double ALIKE = 1.05;
  bool any = false;
  for (int i = 0; i < m->nv; i++) {
    const trace_fit own = trace_fit_pair(m, i, i);
    int lag = LAG_MEAN;
    if ((m->group[i] != GROUP_HINGES && m->group[i] != GROUP_SLIDES) || !moves(&own) || is_zero(&own)) continue;
    if (trace_fitted_error(&own, &lag) > CHECK_ERROR_DOUBT) continue;
    if (fmax(own.slope[lag] / factor, factor / own.slope[lag]) > ALIKE) return false;
    any = true;
  }
  return any;
}

/* Velocities at frames and their means between them differ by so much, as a share, whatever the number of frames. */
static const double LEAST_DOUBT = 0.006;

/* The slope that the groups share whose velocities follow best; NAN: none. Joints that meet the floor follow worse than
 * their base; but none that moves may need another slope, and if only one of several groups shows it, none may
 * show another one, nor may the stated duration outweigh it, unless single joints show it, too. *doubt: the share by
 * which it may be off, of the spread of the groups. */
static double common_slope(const trace* m, const trace_fit f[GROUPS], double* doubt) {
  double low = INFINITY, high = 0, sum = 0, weight = 0, least = INFINITY;
  for (int g = 0; g < GROUPS; g++) {
    if (follows(&f[g])) least = fmin(least, trace_fitted_error(&f[g], NULL));
  }
  for (int g = 0; g < GROUPS; g++) {
    const double error = follows(&f[g]) ? trace_fitted_error(&f[g], NULL) : INFINITY;
    if (error > 2 * least + CHECK_ERROR_FREE) continue;
    const part all = part_of(m, g);
    const double own = slope_of(&all, &f[g]), longer = trace_long_slope(m, g), w = 1 / (0.01 + error);
    const double slope = isfinite(longer) && error > EXACT ? longer : own;
    if (isnan(own)) return NAN;
    low = fmin(low, slope);
    high = fmax(high, slope);
    sum += w * log(slope);
    weight += w;
  }
  const double mean = weight > 0 ? exp(sum / weight) : NAN;
  *doubt = fmax(LEAST_DOUBT, (high - low) / 2 / mean);
  const bool joints = joints_show(m, mean), agreed = joints || groups_that_show(m, f, mean).same > 1;
  const bool common = high < 1.15 * low && is_rate(m, mean) && all_take_slope(f, mean, agreed);
  return common && (joints || !is_of_one_group(m, f, mean, *doubt)) ? mean : NAN;
}

/* a factor that is close to a whole number or the inverse of one is that */
static double rounded_factor(double s) {
  const double near = s >= 1 ? round(s) : 1 / round(1 / s);
  return near != 1 && fabs(near - s) < 0.04 * s ? near : s;
}

/* If the slopes of the groups differ by more than APART, the velocities at frames are not the mean velocities between
 * them: with servos that settle, each group has a slope of its own, and all are off in the same direction, by about as
 * much as they differ and at most by OFF. */
static const double APART = 0.02, OFF = 0.1;

/* the small whole number, or the inverse of one, that such slopes are of: frames that were left out, or counted twice;
 * 0: none, or a group follows so exactly that nothing of this kind is in its velocities */
static double factor_of_apart(double slope, double doubt, double error) {
  static const double MOST_WHOLE = 4;
  const double large = fmax(slope, 1 / slope), whole = round(large);
  if (error < EXACT || doubt <= APART || whole < 2 || whole > MOST_WHOLE ||
      fabs(large / whole - 1) > fmin(OFF, 4 * doubt))
    return 0;
  return slope > 1 ? whole : 1 / whole;
}

/* The duration of a frame: that of a whole factor if the groups are apart; a whole number of physics steps if there is
 * one, and only one, within the doubt; else that of a whole factor; else that of a usual rate within 2 %, since motions
 * with contacts are measured to a few hundredths, and others exactly: 23.976 Hz is none of 24 Hz. 0: none, and the
 * slope is not exact. `error`: least_error(). */
static double rounded_duration(const trace* m, double h, double slope, double doubt, double error) {
  const double apart = factor_of_apart(slope, doubt, error);
  if (apart > 0) return h * apart;
  const double step = m->step, steps = round(h * slope / step);
  const bool is_one = steps >= 1 && 2 * doubt * steps < 1;
  if (is_one && fabs(steps * step / (h * slope) - 1) <= doubt) return steps * step;
  static const double MEASURED = 0.02, EXACTLY = 5e-4;
  const double usual = usual_duration_near(h * slope, error < EXACT ? EXACTLY : MEASURED);
  const double rounded = rounded_factor(slope);
  if (usual > 0 && rounded == slope) return usual;
  return rounded != slope || error < CHECK_ERROR_FREE ? h * rounded : 0;
}

/* ---- a rate that single frames do not tell ---- */

/* Whether the changes of a coordinate that moves clearly follow better from the velocities as they are. */
static bool contradicts(const trace* m, const trace_fit f[GROUPS], double slope) {
  static const double RESTS = 0.02, CLEARLY = 0.95;
  for (int i = 0; i < m->nv; i++) {
    const trace_fit own = trace_fit_pair(m, i, i);
    if (m->group[i] >= GROUPS || !moves(&own) || is_zero(&own)) continue;
    if (own.change < RESTS * f[m->group[i]].change) continue;
    if (error_of_slope(&own, 1) < CLEARLY * error_of_slope(&own, slope)) return true;
  }
  return false;
}

/* the share of the pairs at which the changes of a group are closer to the velocities with the slope than as they are
 */
static double share_closer(const trace* m, int group, double slope) {
  size_t n = 0, closer = 0;
  for (size_t k = 0; k < m->n; k++) {
    double as_is = 0, with = 0;
    if (!trace_comparable(m, k)) continue;
    for (int i = 0; i < m->nv; i++) {
      if (m->group[i] != group) continue;
      const double d = trace_change(m, k, LAG_MEAN, i), v = trace_predicted(m, k, LAG_MEAN, i);
      as_is += (d - v) * (d - v);
      with += (d - slope * v) * (d - slope * v);
    }
    n++;
    closer += with < as_is;
  }
  return n > 0 ? (double)closer / (double)n : 0;
}

/* Where velocities change much between two frames, as in a recording of every second or fourth frame, the slope of some
 * groups is hidden. If that of one is known, and no coordinate contradicts it, it is that of the frames, not of these
 * velocities: the mean over spans of the groups that follow about as well as the best one. NAN: there is none. */
static double shared_slope(const trace* m, const trace_fit f[GROUPS], double* doubt) {
  static const double WORSE = 1.5, CLEAR = 1.5, AGREE = 1.15;
  double low = INFINITY, high = 0, sum = 0, weight = 0, least = CHECK_EXPLAINS;
  bool known = false;
  for (int g = 0; g < GROUPS; g++) {
    if (moves(&f[g]) && !is_zero(&f[g])) least = fmin(least, trace_fitted_error(&f[g], NULL));
  }
  for (int g = 0; g < GROUPS; g++) {
    if (is_zero(&f[g]) || !moves(&f[g])) continue;
    const part all = part_of(m, g);
    const double error = trace_fitted_error(&f[g], NULL), slope = trace_long_slope(m, g);
    known |= !isnan(slope_of(&all, &f[g])) || !isnan(check_span_factor(m, g));
    if (error > WORSE * least || !(slope > 0)) continue;
    const double w = 1 / (0.01 + error);
    sum += w * log(slope);
    weight += w;
    low = fmin(low, slope);
    high = fmax(high, slope);
  }
  const double mean = weight > 0 ? exp(sum / weight) : NAN;
  *doubt = fmax(LEAST_DOUBT, (high - low) / 2 / mean);
  for (int g = 0; g < GROUPS && known; g++) {
    if (moves(&f[g]) && !is_zero(&f[g])) known = share_closer(m, g, mean) > MOST;
  }
  return known && high < AGREE * low && is_rate(m, mean) && fmax(mean, 1 / mean) > CLEAR && !contradicts(m, f, mean)
             ? mean
             : NAN;
}

/* The error of the group that follows best, with its slope. Below CHECK_ERROR_FREE the slope is that of the frames,
 * whatever number that is. */
static double least_error(const trace_fit f[GROUPS]) {
  double least = INFINITY;
  for (int g = 0; g < GROUPS; g++) {
    if (follows(&f[g])) least = fmin(least, trace_fitted_error(&f[g], NULL));
  }
  return least;
}

static void report_rate(const trace* m, double slope, double doubt, double error, data_findings* out) {
  double h = 0;
  bool one_rate = true;
  for (size_t k = 0; k < m->n; k++) {
    h += m->h[m->episode[k]] / (double)m->n;
    one_rate &= m->h[m->episode[k]] == m->h[m->episode[0]];
  }
  static const char apart[] = ", some more and some less, as where servos settle within a frame";
  const double duration = rounded_duration(m, h, slope, doubt, error);
  const double right = 1 / (duration > 0 ? duration : h * slope);
  data_finding* one = data_findings_add(out, DATA_CHECK_FRAME_RATE, NULL, right, NAN, "Hz");
  if (!(duration > 0)) {
    data_finding_judge(one, CHECK_WRONG,
                       "positions change about %.2g times as fast as the velocities say: a frame takes about %.2g s, "
                       "not %.4g s; velocities change too much between two frames to show how long exactly: set "
                       "data.rate to the right rate",
                       slope, h * slope, h);
    return;
  }
  data_finding_judge(
      one, CHECK_WRONG,
      "positions change %.4g times as fast as the velocities say%s: a frame takes %.4g s, not %.4g s%s (or "
      "all velocities are scaled: data.velocities = differences)",
      slope, factor_of_apart(slope, doubt, error) > 0 ? apart : "", duration, h,
      is_stated(m) ? "" : ", which nothing states");
  if (one_rate) {
    remedy_set(&one->would_fit, "data.rate", "%.6g", 1 / duration);
  } else {
    data_finding_fits(one, "data.velocities", "differences");
  }
}

static void report_scale(const trace* m, int group, double slope, data_findings* out) {
  data_finding* one = data_findings_add(out, DATA_CHECK_VELOCITY_SCALE, trace_group_name(trace_has_base(m), group),
                                        slope, NAN, "change / velocity");
  data_finding_judge(one, CHECK_WRONG, "the positions change %.4g times as fast as the recorded velocities say", slope);
  enum { UNITS_MOST = 4 };
  static const double ABOUT = 1.1;
  const double unit = check_power_of_ten(slope, ABOUT, UNITS_MOST);
  if (group == GROUP_BASE_POSITION && unit == 0) {
    /* velocities that are differences of positions with another scale would hide it */
    data_finding_judge(
        one, CHECK_WRONG,
        "the positions change %.4g times as fast as the recorded velocities say: positions or velocities "
        "have another scale: if it is the positions, data.position_scale = %.4g times its value; if "
        "they are right, correct the velocities, or set data.velocities = differences",
        slope, 1 / slope);
    return;
  }
  const bool radians = !m->source.config || strcmp(m->source.config->data_angles, "rad") == 0;
  const bool degrees = radians && group == GROUP_HINGES && fabs(slope * JOINTS_DEGREE - 1) < 0.1 &&
                       trace_exceeds_turn(m->data, m->system);
  if (degrees) {
    data_finding_fits(one, "data.angles", "deg");
  } else if (group == GROUP_BASE_POSITION && unit > 0) {
    data_finding_takes(one, fit_scale(&m->source, 1 / unit));
  }
  data_finding_fits(one, "data.velocities", "differences");
}

/* share of the error with which lags of all groups together are clear */
static const double CLEARER = 0.8;

static void judge_shift(data_finding* one, int frames, double error) {
  char many[24] = "one frame";
  if (abs(frames) > 1) snprintf(many, sizeof many, "%d frames", abs(frames));
  data_finding_judge(one, CHECK_WRONG,
                     "the velocities match the positions of %s %s: compared with those, their error is %.2g", many,
                     frames > 0 ? "earlier" : "later", error);
  data_finding_fits(one, "data.velocities", "differences");
}

/* The frames by which the velocities of a group are late or early, and the error with those; 0: they are not. Of a
 * frame more or less, by lag; further ones only if they fit clearly better. */
static int shift_of(const trace* m, int group, const trace_fit* f, double* error) {
  int lag = LAG_EARLY;
  const double as_is = trace_error(f, NULL), other = trace_shifted_error(f, &lag);
  double further_error = INFINITY;
  const int further = as_is > CHECK_ERROR_DOUBT ? check_velocity_shift(m, group, &further_error) : 0;
  const bool by_one = check_explains(as_is, other) && other <= CHECK_ERROR_DOUBT &&
                      trace_share_explained(m, 0, m->n, group, lag, 1, f->change) > MOST;
  const bool is_further = further && (!by_one || further_error < CHECK_EXPLAINS * other);
  *error = is_further ? further_error : other;
  return is_further ? further : by_one ? trace_lag_shift(lag) : 0;
}

/* groups of their own, such as joints whose velocities are late while those of the base are not */
static void check_group_shifts(const trace* m, const trace_fit f[GROUPS], data_findings* out) {
  for (int g = 0; g < GROUPS; g++) {
    double error = 0;
    if (!moves(&f[g]) || is_zero(&f[g])) continue;
    const int frames = shift_of(m, g, &f[g], &error);
    if (frames)
      judge_shift(data_findings_add(out, DATA_CHECK_VELOCITY_SHIFT, trace_group_name(trace_has_base(m), g),
                                    trace_error(&f[g], NULL), NAN, "relative error"),
                  frames, error);
  }
}

/* whether the velocities of a group are several frames away */
static bool is_further(const trace* m, const trace_fit f[GROUPS]) {
  double error;
  bool any = false;
  for (int g = 0; g < GROUPS; g++) any |= follows(&f[g]) && abs(shift_of(m, g, &f[g], &error)) > 1;
  return any;
}

/* whether a group that follows is clearly not shifted: with its best slope, a right lag leaves less */
static bool is_refused(const trace_fit f[GROUPS], int shifted) {
  for (int g = 0; g < GROUPS; g++) {
    double least = INFINITY;
    if (!follows(&f[g])) continue;
    for (int lag = 0; lag < LAGS; lag++) {
      if (trace_lag_is_right(lag)) least = fmin(least, f[g].fitted[lag]);
    }
    if (least < CLEARER * f[g].fitted[shifted]) return true;
  }
  return false;
}

/* sums of the errors of the right lags and of the others over the groups that move */
static void check_shift(const trace* m, const trace_fit f[GROUPS], data_findings* out) {
  double fitted[LAGS] = {0};
  int groups = 0, right = LAG_MEAN, shifted = LAG_EARLY;
  for (int g = 0; g < GROUPS; g++) {
    if (!follows(&f[g])) continue;
    groups++;
    for (int lag = 0; lag < LAGS; lag++) fitted[lag] += f[g].fitted[lag];
  }
  if (groups == 0) return;
  trace_fit mean = {.n = 1};
  for (int lag = 0; lag < LAGS; lag++) mean.error[lag] = fitted[lag] / groups;
  const double as_is = trace_error(&mean, &right), other = trace_shifted_error(&mean, &shifted);
  data_finding* one = data_findings_add(out, DATA_CHECK_VELOCITY_SHIFT, NULL, as_is, NAN, "relative error");
  const bool clearer = as_is > CHECK_ERROR_FREE && other < CLEARER * as_is && other < CHECK_EXPLAINS;
  if ((clearer || check_explains(as_is, other)) && !is_refused(f, shifted) && !is_further(m, f)) {
    judge_shift(one, trace_lag_shift(shifted), other);
  } else {
    check_group_shifts(m, f, out);
  }
}

/* ---- single episodes at another rate ---- */

/* Marks the episodes whose positions change by another factor; returns their number, 0 if all episodes have it: also
 * those of which a group contradicts it, since then it is not what sets them apart. */
static int mark_episodes(const trace* m, bool* other, int* first, double* slope_first) {
  static const double SAME = 1.15;
  int n = 0, all = 0, unmarked = 0;
  double low = INFINITY, high = 0;
  for (size_t k = 0, end = 0; k < m->n; k = end) {
    while (end < m->n && m->episode[end] == m->episode[k]) end++;
    const trace_fit f = trace_fit_all(m, k, end);
    const double slope = f.n >= EPISODE_PAIRS ? slope_of(&(part){m, k, end, -1}, &f) : NAN;
    all++;
    if (isnan(slope) || fabs(slope - 1) < 0.1) continue;
    low = fmin(low, slope);
    high = fmax(high, slope);
    unmarked++;
    const trace one = trace_part(m, k, end);
    trace_fit groups[GROUPS];
    for (int g = 0; g < GROUPS; g++) groups[g] = trace_fit_group(&one, g);
    if (!all_take_slope(groups, slope, false) || check_servos_settle(&one, slope)) continue;
    other[m->episode[k]] = true;
    unmarked--;
    if (n++ > 0) continue;
    *first = m->episode[k];
    *slope_first = slope;
  }
  const bool same = n + unmarked == all && high < SAME * low;
  return n < all && !same ? n : 0;
}

static df_status check_rates(const trace* m, data_findings* out) {
  int first = -1;
  double slope_first = 1;
  bool* other = df_alloc((size_t)m->data->episodes, sizeof *other);
  if (!other) return DF_E_NOMEM;
  const int n = mark_episodes(m, other, &first, &slope_first);
  data_finding* one = data_findings_add(out, DATA_CHECK_FRAME_RATE_OF_EPISODES, NULL, n, 0, "episodes");
  if (n > 0) {
    char* list = fit_episodes(m->data->episodes, other);
    data_finding_judge(one, CHECK_WRONG,
                       "%d episode%s another frame rate than the others, or other units: %s; in episode %d the "
                       "positions change %.4g times as fast as the velocities say",
                       n, n == 1 ? " has" : "s have", list, first, slope_first);
    df_free(list);
    data_finding_takes(one, fit_select(&m->source, other));
  }
  df_free(other);
  return DF_OK;
}

/* ---- order of the velocity columns ---- */

static bool is_scalar(const trace* m, int i) {
  return m->group[i] == GROUP_HINGES || m->group[i] == GROUP_SLIDES;
}

typedef struct candidate {
  double similarity;
  int i, j;
} candidate;

static int by_similarity(const void* a, const void* b) {
  const double x = ((const candidate*)a)->similarity, y = ((const candidate*)b)->similarity;
  return x > y ? -1 : x < y;
}

/* cosine similarity of the changes of dof i and the velocities of dof j */
static double similarity(const trace* m, const size_t* pair, size_t n, int i, int j) {
  double dd = 0, dv = 0, vv = 0;
  for (size_t k = 0; k < n; k++) {
    const double d = trace_change(m, pair[k], LAG_MEAN, i), v = trace_predicted(m, pair[k], LAG_MEAN, j);
    dd += d * d;
    dv += d * v;
    vv += v * v;
  }
  return dd > 0 && vv > 0 ? dv / sqrt(dd * vv) : 0;
}

/* from[i] = the dof whose velocity column fits dof i best, each used once, by descending similarity */
static void match(const trace* m, const size_t* pair, size_t n, candidate* list, int* from, bool* taken) {
  int count = 0;
  for (int i = 0; i < m->nv; i++) {
    from[i] = is_scalar(m, i) ? -1 : i;
    taken[i] = !is_scalar(m, i);
    for (int j = 0; j < m->nv && is_scalar(m, i); j++) {
      if (is_scalar(m, j)) list[count++] = (candidate){similarity(m, pair, n, i, j) + (i == j) * 1e-9, i, j};
    }
  }
  qsort(list, (size_t)count, sizeof *list, by_similarity);
  for (int c = 0; c < count; c++) {
    if (from[list[c].i] >= 0 || taken[list[c].j]) continue;
    from[list[c].i] = list[c].j;
    taken[list[c].j] = true;
  }
}

/* sign[i] = -1 of the scalar dofs whose velocities, in the order `from`, have the opposite sign of their changes, else
 * 1; returns how many they are, 0 if it is not of some alone: others have the same sign */
static int find_reversed(const trace* m, const size_t* pair, size_t n, const int* from, int* sign) {
  static const double ALIKE = 0.8; /* cosine similarity */
  int reversed = 0, right = 0;
  for (int i = 0; i < m->nv; i++) {
    const double s = is_scalar(m, i) ? similarity(m, pair, n, i, from[i]) : 0;
    sign[i] = s > -ALIKE ? 1 : -1;
    right += s > ALIKE;
    reversed += sign[i] < 0;
  }
  return right ? reversed : 0;
}

/* velocities of some joints, not of all, that have the opposite sign of the changes of their positions */
static void report_reversed(const trace* m, const int* sign, int reversed, data_findings* out) {
  text names = {0};
  for (int i = 0; i < m->nv; i++) {
    char name[80];
    if (sign[i] > 0) continue;
    check_dof_name(m, i, name);
    text_add(&names, "%s%s", names.n ? ", " : "", name);
  }
  data_finding_judge(data_findings_add(out, DATA_CHECK_VELOCITY_SIGN, NULL, reversed, 0, "joints"), CHECK_WRONG,
                     "the velocities have the opposite sign of the changes of the positions: %s; negate those that are "
                     "wrong, or, if the positions are right, set data.velocities = differences",
                     text_of(&names));
  text_clear(&names);
}

/* error over all scalar dofs with the velocities from other columns and of other signs at a lag, with a common slope */
static double error_at(const trace* m, const size_t* pair, size_t n, const int* from, const int* sign, int lag) {
  double dd = 0, dv = 0, vv = 0;
  for (size_t k = 0; k < n; k++) {
    for (int i = 0; i < m->nv; i++) {
      if (!is_scalar(m, i)) continue;
      const double d = trace_change(m, pair[k], lag, i), v = sign[i] * trace_predicted(m, pair[k], lag, from[i]);
      dd += d * d;
      dv += d * v;
      vv += v * v;
    }
  }
  return dd > 0 && vv > 0 ? sqrt(fmax(0, 1 - dv * dv / (dd * vv))) : 0;
}

/* the smallest error of the lags that a right recording may have */
static double error_with(const trace* m, const size_t* pair, size_t n, const int* from, const int* sign) {
  double error = INFINITY;
  for (int lag = 0; lag < LAGS; lag++) {
    if (trace_lag_is_right(lag)) error = fmin(error, error_at(m, pair, n, from, sign, lag));
  }
  return error;
}

/* the order of the velocity columns: that of dof from[i] is of dof i */
static remedy order_of_velocities(const trace* m, const int* from) {
  int* to = df_alloc((size_t)m->njoint, sizeof *to);
  for (int j = 0; j < m->njoint && to; j++) {
    to[j] = j;
    for (int k = 0; k < m->njoint; k++) {
      if (is_scalar(m, m->joints[k].dof) && from[m->joints[k].dof] == m->joints[j].dof) to[j] = k;
    }
  }
  const remedy fits = to ? fit_velocity_joints(&m->source, m->system, to) : (remedy){0};
  df_free(to);
  return fits;
}

/* how the velocity columns of hinges and slides fit their positions */
typedef struct column_fit {
  double as_is, ordered;     /* error as they are; in the order that fits best */
  bool is_order;             /* they are in another order */
  int reversed;              /* dofs whose velocities have the opposite sign, in the right order */
  int *from, *sign, *memory; /* [nv] of match() and find_reversed(); memory owns all */
} column_fit;

/* Joints that move against each other seem to be reversed if their columns are exchanged, and exchanged if they are
 * reversed: what leaves less of the error is the cause. */
static void fit_columns(const trace* m, const size_t* pair, size_t n, candidate* list, bool* taken, column_fit* out) {
  int* as_read = out->memory + 2 * m->nv;
  int* same = as_read + m->nv;
  for (int i = 0; i < m->nv; i++) {
    as_read[i] = i;
    same[i] = 1;
  }
  match(m, pair, n, list, out->from, taken);
  out->reversed = find_reversed(m, pair, n, as_read, out->sign);
  out->as_is = error_with(m, pair, n, as_read, same);
  out->ordered = error_with(m, pair, n, out->from, same);
  const double with_signs = out->reversed ? error_with(m, pair, n, as_read, out->sign) : out->as_is;
  out->is_order = check_explains(out->as_is, out->ordered) && out->ordered < with_signs;
  if (out->is_order) out->reversed = find_reversed(m, pair, n, out->from, out->sign);
}

/* The caller frees out->memory. Without pairs that tell it is NULL, and nothing is found. */
static df_status column_fit_of(const trace* m, column_fit* out) {
  const size_t nv = (size_t)m->nv;
  size_t* pair = df_alloc(ORDER_PAIRS, sizeof *pair);
  candidate* list = df_alloc(nv * nv, sizeof *list);
  bool* taken = df_alloc(nv, sizeof *taken);
  size_t n = 0;
  *out = (column_fit){.memory = df_alloc(4 * nv, sizeof(int))};
  const df_status status = pair && list && taken && out->memory ? DF_OK : DF_E_NOMEM;
  out->from = out->memory;
  out->sign = out->memory + nv;
  for (size_t k = 0; status == DF_OK && k < m->n && n < ORDER_PAIRS; k++) {
    if (trace_comparable(m, k)) pair[n++] = k;
  }
  if (n > 0) {
    fit_columns(m, pair, n, list, taken, out);
  } else {
    df_free(out->memory);
    out->memory = NULL;
  }
  df_free(pair);
  df_free(list);
  df_free(taken);
  return status;
}

df_status check_velocity_columns(const trace* m, bool* wrong) {
  column_fit fit;
  DF_TRY(column_fit_of(m, &fit));
  *wrong = fit.memory && (fit.is_order || fit.reversed);
  df_free(fit.memory);
  return DF_OK;
}

static df_status check_order(const trace* m, data_findings* out) {
  column_fit fit;
  DF_TRY(column_fit_of(m, &fit));
  if (!fit.memory) return DF_OK;
  if (fit.reversed) report_reversed(m, fit.sign, fit.reversed, out);
  data_finding* one = data_findings_add(out, DATA_CHECK_VELOCITY_ORDER, NULL, fit.as_is, NAN, "relative error");
  if (fit.is_order) {
    data_finding_judge(one, CHECK_WRONG,
                       "the velocity columns are in another order than the positions: in the order of the positions "
                       "the error is %.2g",
                       fit.ordered);
    data_finding_takes(one, order_of_velocities(m, fit.from));
  }
  df_free(fit.memory);
  return DF_OK;
}

/* ---- all of them ---- */

/* velocities of zero have the error 1 */
static const double WORSE_THAN_NONE = 1.05;
/* share of the frames: single ones may be outliers */
static const double CONTRADICTED = 0.5;
/* error with the best slope, of a correlation of 0.3: what rocks between two frames follows less, but it follows */
static const double UNRELATED = 0.954;

/* a joint that changes less than this share of its group may rest but for noise */
static const double SLOW = 0.02;

/* Velocities that are so many times larger than the changes, and than two per physics step of a frame, are none of a
 * model that rocks between two frames; smaller ones, m/s or rad/s, may be the noise of one at rest. */
static const double TOO_FAST = 20, NOISE = 0.1;

static bool is_too_fast(const trace* m, const trace_fit* f) {
  double longest = 0;
  for (size_t k = 0; k < m->n; k++) longest = fmax(longest, m->h[m->episode[k]]);
  const double steps = longest / df_mujoco_timestep(m->system);
  return f->speed > NOISE && f->speed > fmax(TOO_FAST, 2 * steps) * f->change;
}

/* whether a finding from `first` on says that the velocities of a group are wrong */
static bool is_judged(const data_findings* f, int first, const char* name) {
  for (int i = first; i < f->n; i++) {
    const data_finding* one = &f->list[i];
    if (one->check == DATA_CHECK_VELOCITY && one->verdict == CHECK_WRONG && strcmp(one->column, name) == 0) return true;
  }
  return false;
}

/* What is left if the velocities get the slope that they need. Without another explanation, velocities that contradict
 * the positions are wrong; positions that are mostly noise contradict no velocity that they could have. */
static void check_rest(const trace* m, int group, const char* name, const trace_fit* f, bool explained,
                       data_findings* out) {
  const part all = part_of(m, group);
  const double as_is = isnan(slope_of(&all, f)) ? trace_error(f, NULL) : trace_fitted_error(f, NULL);
  data_finding* one = data_findings_add(out, DATA_CHECK_VELOCITY, name, as_is, CHECK_ERROR_LIMIT, "relative error");
  if (as_is <= CHECK_ERROR_LIMIT) return;
  int frames;
  const double over_spans = check_span_error(m, group, CHECK_ERROR_LIMIT, &frames);
  if (!isnan(over_spans)) {
    one->value = over_spans;
    data_finding_judge(one, CHECK_OK,
                       "over spans of %d frames; %.3g from frame to frame, within which contacts change the velocities",
                       frames, as_is);
    return;
  }
  const bool disagree = trace_is_smooth(m, group) && trace_contradicted(m, group) > CONTRADICTED &&
                        trace_fitted_error(f, NULL) > UNRELATED;
  const bool contradict = as_is > WORSE_THAN_NONE && !explained && (disagree || is_too_fast(m, f));
  const double extent = trace_extent(m, group);
  if (!contradict && extent < TRACE_REST) {
    one->limit = NAN;
    data_finding_judge(one, CHECK_OK, "not judged: %s stays within %.2g %s, as of what rests and rocks on its contacts",
                       name, extent, group == GROUP_BASE_POSITION || group == GROUP_SLIDES ? "m" : "rad");
    return;
  }
  data_finding_judge(one, contradict ? CHECK_WRONG : CHECK_WARN,
                     contradict
                         ? "recorded velocities of %s disagree with finite differences of the positions (relative "
                           "error %.3g; all-zero velocities give 1)"
                         : "recorded velocities of %s do not follow from finite differences of the positions "
                           "(relative error %.3g)",
                     name, as_is);
  if (contradict) data_finding_fits(one, "data.velocities", "differences");
}

/* The free and the ball joints of a model that has several of them, one by one: a fast one that follows hides another
 * one that does not. Only those that do not follow, though their group does, are findings. */
static df_status check_joints(const trace* m, const trace_fit f[GROUPS], bool explained, data_findings* out) {
  int* group = df_alloc((size_t)m->nv, sizeof *group);
  if (!group) return DF_E_NOMEM;
  for (int j = 0; j < m->njoint; j++) {
    const df_joint* joint = &m->joints[j];
    const int first = joint->kind == DF_JOINT_FREE ? GROUP_BASE_POSITION : GROUP_BALLS;
    const int last = joint->kind == DF_JOINT_FREE ? GROUP_BASE_ROTATION : GROUP_BALLS;
    trace one;
    if (joint->kind != DF_JOINT_FREE && joint->kind != DF_JOINT_BALL) continue;
    trace_of_joint(m, j, group, &one);
    for (int g = first; g <= last; g++) {
      const trace_fit own = trace_fit_group(&one, g);
      char name[120];
      if (!moves(&own) || is_zero(&own) || trace_error(&f[g], NULL) > CHECK_ERROR_LIMIT) continue;
      if (!(trace_error(&own, NULL) > CHECK_ERROR_LIMIT && own.change > SLOW * f[g].change)) continue;
      snprintf(name, sizeof name, "%s of %.60s", trace_group_name(trace_has_base(m), g),
               joint->name[0] ? joint->name : "a joint");
      check_rest(&one, g, name, &own, explained, out);
    }
  }
  df_free(group);
  return DF_OK;
}

/* Whether a factor of the base position, by which single groups do not show it, is that of the frame rate: no group
 * that moves needs or shows another one, and the stated duration does not outweigh it, or single joints show it, too;
 * or a frame is a whole number of physics steps with it, and not as stated. */
static bool is_rate_of_base(const trace* m, const trace_fit f[GROUPS], const base_fit* b) {
  static const double NOT_WHOLE = 0.02;
  const double factor = b->value[0], doubt = fmax(LEAST_DOUBT, b->doubt), h = m->h[m->episode[0]];
  if (b->cause != BASE_SCALE || !is_rate(m, factor)) return false;
  const double steps = h / m->step, right = steps * factor;
  const bool whole = round(right) >= 1 && 2 * doubt * right < 1 && fabs(right / round(right) - 1) <= doubt;
  const bool stated = fabs(steps / fmax(1, round(steps)) - 1) < NOT_WHOLE;
  if (whole && !stated) return true;
  const bool joints = joints_show(m, factor);
  return all_take_slope(f, factor, joints) && (joints || !is_of_one_group(m, f, factor, doubt));
}

/* The velocities of what a mocap body holds: which of them are zero, and else a row that says why no more is judged. A
 * factor that no settling explains is a warning. */
static void check_held(const trace* m, int mocap, data_findings* out) {
  static const double SETTLES = 1.5;
  char body[64];
  check_body_name(m->system, mocap, body);
  for (int g = 0; g < GROUPS; g++) {
    const trace_fit f = trace_fit_group(m, g);
    const part all = part_of(m, g);
    char name[120];
    if (!moves(&f)) continue;
    check_zero(m, g, &f, out);
    if (is_zero(&f)) continue;
    snprintf(name, sizeof name, "%s held by %s", trace_group_name(trace_has_base(m), g), body);
    const double slope = slope_of(&all, &f);
    data_finding* one =
        data_findings_add(out, DATA_CHECK_VELOCITY, name, trace_error(&f, NULL), CHECK_ERROR_LIMIT, "relative error");
    if (fmax(slope, 1 / slope) > SETTLES) {
      data_finding_judge(
          one, CHECK_WARN,
          "positions change about %.2g times as fast as the velocities say, more than what settles within "
          "a frame, tied to the mocap body %s, may: the frame rate or a unit may be wrong",
          slope, body);
    } else {
      data_finding_judge(one, CHECK_OK,
                         "rate, scale, shift and offset are not judged: an equality constraint ties them to the mocap "
                         "body %s, whose pose is not in the recording, so that they may settle within a frame",
                         body);
    }
  }
}

/* whether velocities are zero of what moves or rests */
static void check_zeros(const trace* m, const trace_fit f[GROUPS], data_findings* out) {
  for (int g = 0; g < GROUPS; g++) {
    if (moves(&f[g])) check_zero(m, g, &f[g], out);
  }
}

/* `all`: without what mocap bodies hold; `m`: without what rests, too, which shows no rate, scale or shift; `whole`:
 * with both, since whatever settles has its column and its sign */
static df_status check_free_velocities(const trace* m, const trace* all, const trace* whole, data_findings* out) {
  const int before = data_findings_count(out, CHECK_WRONG), first = out->n;
  trace_fit f[GROUPS], of_all[GROUPS];
  for (int g = 0; g < GROUPS; g++) {
    f[g] = trace_fit_group(m, g);
    of_all[g] = trace_fit_group(all, g);
  }
  double doubt = 0;
  double common = common_slope(m, f, &doubt);
  if (isnan(common)) common = shared_slope(m, f, &doubt);
  const base_fit base = base_fit_of(m);
  if (isnan(common) && is_rate_of_base(m, f, &base)) {
    common = base.value[0];
    doubt = fmax(LEAST_DOUBT, base.doubt);
  }
  if (!isnan(common)) report_rate(m, common, doubt, least_error(f), out);
  check_zeros(all, of_all, out);
  for (int g = 0; g < GROUPS; g++) {
    if (!moves(&f[g])) continue;
    const part group = part_of(m, g);
    const double slope = slope_of(&group, &f[g]);
    const bool otherwise = base_fit_explains(&base, g, trace_fitted_error(&f[g], NULL));
    const bool is_shown = !isnan(slope) && !otherwise && check_scale_is_shown(m, g, slope);
    if (isnan(common) && is_shown) report_scale(m, g, slope, out);
  }
  check_shift(m, f, out);
  if (isnan(common)) DF_TRY(check_rates(m, out));
  DF_TRY(check_order(whole, out));
  check_velocity_spans(m, first, out);
  base_fit_report(&base, m, first, out);
  check_velocity_offset(m, first, out);
  const bool explained = data_findings_count(out, CHECK_WRONG) > before;
  for (int g = 0; g < GROUPS; g++) {
    const char* name = trace_group_name(trace_has_base(m), g);
    if (moves(&of_all[g]) && !is_zero(&of_all[g]) && !is_judged(out, first, name))
      check_rest(all, g, name, &of_all[g], explained, out);
  }
  return check_joints(all, of_all, explained, out);
}

df_status check_velocities(const trace* m, data_findings* out) {
  int* group = df_alloc(2 * (size_t)m->nv, sizeof *group);
  if (!group) return DF_E_NOMEM;
  trace some, moving;
  const int mocap = trace_of_held(m, false, group, &some);
  trace_of_moving(&some, group + m->nv, &moving);
  const df_status status = check_free_velocities(&moving, &some, m, out);
  if (status == DF_OK && mocap >= 0) {
    trace_of_held(m, true, group, &some);
    check_held(&some, mocap, out);
  }
  df_free(group);
  return status;
}
