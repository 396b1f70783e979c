#include "mixture.h"

#include <math.h>
#include <string.h>

#include "check_parts.h"
#include "dynaflow/core/alloc.h"
#include "joints.h"
#include "mixture_variants.h"
#include "would_fit.h"

/* Episodes whose halves have to agree on an order of legs are longer: of so many orders, one fits a few frames better
 * by chance. */
enum { LEGS_LEAST = 30 };
/* what another convention has to leave of the forces that a motion needs, if they tell it */
static const double OF_FORCES = 0.65;
/* what it has to leave of the misfit of the poses then */
static const double OF_POSES = 0.5;
/* by how much the share of the samples beyond joint limits falls */
static const double LIMITS_FALL = 0.2;

/* share of the samples beyond joint limits of angles that are none of degrees, and of joints that are not exchanged */
static const double WITHIN = 0.05, INSIDE = 0.02;

/* by this factor less misfit, an episode follows others */
static const double FOLLOWS = 0.85;
/* Degrees are so many times larger than the angles of the other episodes: 57, unless these move more. */
static const double DEGREES = 10;

/* In another order of legs: by the poses, those of both halves of the episode, and by the forces. */
static bool is_of_legs(const mixture_view* now, const mixture_view* other, double forces) {
  if (now->frames < LEGS_LEAST) return false;
  const double before = misfit_of_contact(&now->fit), after = misfit_of_contact(&other->fit);
  const bool agree = other->half[0] <= now->half[0] && other->half[1] <= now->half[1];
  return after < MISFIT_SHARE * before && before - after > MISFIT_LESS && agree && forces < MISFIT_FORCES;
}

/* In degrees or in radians: joints that hardly move fit everywhere, so that limits tell, and how far the joints of
 * other episodes turn. */
static bool is_of_angles(const mixture_variants* all, const mixture_view* now, const mixture_view* other) {
  const double limits = now->fit.part[MISFIT_LIMITS], then = other->fit.part[MISFIT_LIMITS];
  if (now->angle > other->angle)
    return now->angle > JOINTS_TURN && now->angle > DEGREES * all->least_angle && limits - then > LIMITS_FALL;
  return other->angle < JOINTS_TURN && then < WITHIN;
}

/* Whether the episode is clearly of `other` and not of `now`: by its velocities, or by its poses and the forces that
 * its motion needs. */
static bool is_rather(const mixture_variants* all, const mixture_variant* v, const mixture_view* now,
                      const mixture_view* other) {
  const double forces = isfinite(now->residual) && now->residual > 0 ? other->residual / now->residual : NAN;
  if (v->legs) return is_of_legs(now, other, forces);
  if (v->limits) return now->fit.part[MISFIT_LIMITS] > MIXTURE_BEYOND && other->fit.part[MISFIT_LIMITS] < INSIDE;
  if (v->angles) return is_of_angles(all, now, other);
  if (!misfit_explains(&now->fit, &other->fit)) return false;
  for (int g = 0; g < GROUPS; g++) {
    if (check_explains(now->fit.part[MISFIT_FITS + g], other->fit.part[MISFIT_FITS + g])) return true;
  }
  const bool posed = misfit_of_contact(&other->fit) < OF_POSES * misfit_of_contact(&now->fit);
  return posed && now->residual > CHECK_RESIDUAL && forces < OF_FORCES;
}

/* whether another order of legs fits the episode about as well: then either may be right, by chance */
static bool has_rival(const mixture_variants* all, const mixture_variant* v, int e) {
  const double best = misfit_of_contact(&v->view[e].fit);
  for (int i = 0; i < all->n && v->legs; i++) {
    const mixture_variant* other = &all->list[i];
    if (other != v && other->legs && best >= MISFIT_CLEAR * misfit_of_contact(&other->view[e].fit)) return true;
  }
  return false;
}

/* Marks the episodes that are rather of a variant and are not taken. Returns how many they are, 0 if no other episode
 * is clearly as it is read: then it is the convention of all of them, or of none. */
static int mark(const mixture_variants* all, const mixture_variant* v, const int* taken, bool* rather) {
  int n = 0, others = 0, judged = 0;
  for (int e = 0; e < all->episodes; e++) {
    judged += all->judged[e];
    rather[e] = all->judged[e] && v->view && is_rather(all, v, &all->as_read[e], &v->view[e]) && !has_rival(all, v, e);
    others += all->judged[e] && v->view && !rather[e] && is_rather(all, v, &v->view[e], &all->as_read[e]);
    rather[e] &= taken[e] < 0;
    n += rather[e];
  }
  /* joints that rest near zero are of both units */
  const int least = v->angles ? (int)fmax(2, judged / 4.0) : 1;
  return others >= least ? n : 0;
}

/* the episodes that follow where a variant holds for others: they fit better by it, if not as clearly */
static bool follows(const mixture_variants* all, const mixture_variant* v, int e) {
  return all->judged[e] && misfit_sum(&v->view[e].fit) < FOLLOWS * misfit_sum(&all->as_read[e].fit) &&
         !is_rather(all, v, &v->view[e], &all->as_read[e]);
}

/* the mean misfit of the marked episodes, read with a variant */
static double misfit_with(const mixture_variants* all, const mixture_variant* v, const bool* rather) {
  double sum = 0, n = 0;
  for (int e = 0; e < all->episodes; e++) {
    sum += rather[e] ? misfit_sum(&v->view[e].fit) : 0;
    n += rather[e];
  }
  return n > 0 ? sum / n : INFINITY;
}

/* For each episode, the variant that it is rather of; -1: as read. The variant of most episodes comes first, of those
 * of as many the one that fits best. */
static df_status choose(const mixture_variants* all, int* best) {
  bool* rather = df_alloc((size_t)all->episodes, sizeof *rather);
  if (!rather) return DF_E_NOMEM;
  for (int e = 0; e < all->episodes; e++) best[e] = -1;
  for (;;) {
    int most = 0, of = 0;
    double least = INFINITY;
    for (int i = 0; i < all->n; i++) {
      const int n = mark(all, &all->list[i], best, rather);
      const double fit = n ? misfit_with(all, &all->list[i], rather) : INFINITY;
      if (n < most || n == 0 || (n == most && fit >= least)) continue;
      most = n;
      of = i;
      least = fit;
    }
    if (most == 0) break;
    mark(all, &all->list[of], best, rather);
    for (int e = 0; e < all->episodes; e++) {
      if (best[e] < 0 && (rather[e] || follows(all, &all->list[of], e))) best[e] = of;
    }
  }
  df_free(rather);
  return DF_OK;
}

static void report_variant(const reading* r, const df_system* system, const mixture_variants* all,
                           const mixture_variant* v, const bool* chosen, int n, int judged, data_findings* out) {
  const fit_source source = {r->recording, &r->config};
  int first = 0;
  while (!chosen[first]) first++;
  char *named = check_named_episodes(&source, all->episodes, chosen, judged), *fits = remedy_text(&v->fits);
  data_finding* one = data_findings_add(out, DATA_CHECK_MIXTURE, v->key, n, 0, "episodes");
  /* what decides on orders is not the sum of all parts */
  const misfit *then = &v->view[first].fit, *now = &all->as_read[first].fit;
  char parts[MISFIT_NAME_MAX];
  misfit_contact_name(system, parts);
  const char* of = v->limits ? "share beyond joint limits" : v->legs ? "misfit of " : "misfit";
  const double with = v->limits ? then->part[MISFIT_LIMITS] : v->legs ? misfit_of_contact(then) : misfit_sum(then);
  const double as = v->limits ? now->part[MISFIT_LIMITS] : v->legs ? misfit_of_contact(now) : misfit_sum(now);
  data_finding_judge(one, CHECK_WRONG,
                     "%s fit%s %s%s; the others fit as read%s%s: convert these episodes before joining them; in "
                     "episode %d the %s%s is %.2g with this setting, %.2g as read",
                     named, n == 1 ? "s" : "", v->fits.n ? "" : "with ", fits, v->now[0] ? ", " : "", v->now, first, of,
                     v->legs && !v->limits ? parts : "", with, as);
  df_free(named);
  df_free(fits);
}

static df_status compare(const reading* r, const df_system* system, const mixture_variants* all, mixture* sums,
                         data_findings* out) {
  int* best = df_alloc((size_t)all->episodes, sizeof *best);
  bool* chosen = df_alloc((size_t)all->episodes, sizeof *chosen);
  df_status status = best && chosen ? choose(all, best) : DF_E_NOMEM;
  int judged = 0;
  for (int e = 0; e < all->episodes && status == DF_OK; e++) {
    if (!all->judged[e]) continue;
    judged++;
    sums->as_read += misfit_sum(&all->as_read[e].fit);
    sums->best += misfit_sum(best[e] < 0 ? &all->as_read[e].fit : &all->list[best[e]].view[e].fit);
  }
  for (int i = 0; i < all->n && status == DF_OK; i++) {
    int n = 0;
    for (int e = 0; e < all->episodes; e++) {
      chosen[e] = best[e] == i;
      n += chosen[e];
    }
    if (n == 0 || n == judged) continue;
    sums->found = true;
    report_variant(r, system, all, &all->list[i], chosen, n, judged, out);
  }
  df_free(best);
  df_free(chosen);
  return status;
}

df_status mixture_find(const char* path, const reading* r, const df_system* system, const check_cfg* cfg, mixture* sums,
                       data_findings* out) {
  mixture_variants variants = {0};
  *sums = (mixture){0};
  if (r->data->episodes < 2) return DF_OK;
  df_status status = mixture_variants_of(path, r, system, cfg, &variants);
  if (status == DF_OK) status = compare(r, system, &variants, sums, out);
  mixture_variants_clear(&variants);
  return status;
}
