#include "held_out.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check_parts.h"
#include "dynaflow/core/alloc.h"
#include "list.h"
#include "motion_space.h"
#include "text.h"

/* looked up per held-out stretch, and of all of them; frames that make a copy; copies in a sentence */
enum { PROBES_MOST = 16, PROBES_LEAST = 4, PROBES_ALL = 500, FRAMES_LEAST = 5, NAMED = 4 };
/* distances, in parts of the way to the next frame; the first one in parts of the numbers */
static const double EXACT = 1e-12, EQUAL = 1e-4, NEAR = 0.05, WIDE = 0.5;
/* of the numbers, in double precision */
static const double ROUNDING = 1e-9;
/* shares of the frames that move */
static const double WRONG = 0.4, SOME = 0.25, MOST = 0.8;
/* Where so many times as many episodes lie within a wider distance, the motions are of a family that lies that densely:
 * what is near is no copy. */
enum { DENSE = 2 };
/* of the mean way from frame to frame; slower frames rest */
static const double MOVES = 0.1;

/* frames of an episode that are held out together */
typedef struct stretch {
  int episode, from, to; /* the frames from .. to */
  df_side side;
} stretch;

/* a held-out frame that is looked up among those of the training */
typedef struct probe {
  int stretch, frame;
  double at;      /* projection on one direction, by which they are sorted */
  double way;     /* to the next frame */
  double nearest; /* distance of the nearest motion; +inf: none is near */
  int episode;    /* of that motion */
  double shift;   /* its frame less that of the probe */
} probe;

/* a held-out stretch that repeats the motion of an episode */
typedef struct copy {
  int stretch, episode, first, at;      /* frame `first` of the stretch is about frame `at` of the episode */
  int moving, exact, equal, near, wide; /* frames */
} copy;

typedef struct work {
  const held_out_input* in;
  motion_space space;
  int nz;
  double* direction;     /* [nz] a unit vector */
  double *a, *b, *c, *d; /* [nz] */
  stretch* stretches;
  int n_stretches;
  probe* probes;
  int n_probes;
  double* features; /* [n_probes][nz] */
  copy* copies;
  int n_copies;
} work;

/* ---- frames ---- */

static double projection(const work* w, const double* z) {
  double sum = 0;
  for (int i = 0; i < w->nz; i++) sum += w->direction[i] * z[i];
  return sum;
}

static df_side side_of(const work* w, int episode, int frame) {
  const df_windows* windows = w->in->windows;
  return windows ? (df_side)windows->side[w->in->data->first[episode] + (size_t)frame] : DF_SIDE_NONE;
}

/* whether a stretch may repeat the motion of a frame */
static bool is_compared(const work* w, const stretch* s, int episode, int frame) {
  return w->in->windows ? side_of(w, episode, frame) == DF_SIDE_TRAIN : episode < s->episode;
}

/* ---- frames that are looked up ---- */

static void add_stretch(work* w, stretch s) {
  w->stretches = list_grow(w->stretches, w->n_stretches, sizeof *w->stretches);
  w->stretches[w->n_stretches++] = s;
}

static void find_stretches(work* w) {
  const df_dataset* d = w->in->data;
  for (int e = 0; e < d->episodes; e++) {
    for (int from = 0, to; from <= d->lengths[e]; from = to + 1) {
      const df_side side = side_of(w, e, from);
      for (to = from; to < d->lengths[e] && side_of(w, e, to + 1) == side;) to++;
      const bool held = side == DF_SIDE_TEST || side == DF_SIDE_VALIDATION;
      if (held || !w->in->windows) add_stretch(w, (stretch){e, from, to, side});
    }
  }
}

static int by_projection(const void* a, const void* b) {
  const double x = ((const probe*)a)->at, y = ((const probe*)b)->at;
  return (x > y) - (x < y);
}

/* frames of each stretch, spread by the golden ratio, so that they have no period of their own */
static df_status find_probes(work* w) {
  int each = PROBES_ALL / (w->n_stretches + 1);
  each = each < PROBES_LEAST ? PROBES_LEAST : each > PROBES_MOST ? PROBES_MOST : each;
  w->probes = df_alloc((size_t)w->n_stretches * (size_t)each + 1, sizeof *w->probes);
  w->features = df_alloc((size_t)w->n_stretches * (size_t)each * (size_t)w->nz + 1, sizeof *w->features);
  if (!w->probes || !w->features) return DF_E_NOMEM;
  for (int s = 0; s < w->n_stretches; s++) {
    const stretch* one = &w->stretches[s];
    const int frames = one->to - one->from + 1;
    for (int i = 0; i < each && i < frames; i++) {
      const double place = each < frames ? fmod(0.5 + 0.6180339887498949 * i, 1) : (double)i / frames;
      const int frame = one->from + (int)(place * frames);
      motion_space_describe(&w->space, one->episode, frame, w->a);
      const double way = motion_space_way(&w->space, one->episode, frame, w->a, w->b);
      if (way <= MOVES * w->space.mean_way) continue;
      w->probes[w->n_probes++] =
          (probe){.stretch = s, .frame = frame, .at = projection(w, w->a), .way = way, .nearest = INFINITY};
    }
  }
  qsort(w->probes, (size_t)w->n_probes, sizeof *w->probes, by_projection);
  for (int i = 0; i < w->n_probes; i++)
    motion_space_describe(&w->space, w->stretches[w->probes[i].stretch].episode, w->probes[i].frame,
                          w->features + (size_t)i * (size_t)w->nz);
  return DF_OK;
}

/* the first probe whose projection is at least `at` */
static int first_probe(const work* w, double at) {
  int low = 0, high = w->n_probes;
  while (low < high) {
    const int middle = low + (high - low) / 2;
    if (w->probes[middle].at < at)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Whether p may be within `limit` of the line whose ends are the corners c and d of a box, the least and the largest of
 * each coordinate. Few boxes are near: most of them are excluded by the first eight coordinates. */
static bool may_be_within(const work* w, double limit, const double* p) {
  const double *low = w->c, *high = w->d;
  double sum = 0;
  for (int from = 0; from < w->nz && sum <= limit * limit; from += 8) {
    const int to = from + 8 < w->nz ? from + 8 : w->nz;
    for (int i = from; i < to; i++) {
      const double below = low[i] - p[i], above = p[i] - high[i], out = below > above ? below : above;
      sum += out > 0 ? out * out : 0;
    }
  }
  return sum <= limit * limit;
}

/* notes the line from frame to frame + 1, between a and b, at the probes to which it is the nearest one so far */
static void note_line(work* w, int episode, int frame, double widest) {
  const double from = projection(w, w->a), to = projection(w, w->b), least = fmin(from, to), most = fmax(from, to);
  for (int i = 0; i < w->nz; i++) {
    w->c[i] = fmin(w->a[i], w->b[i]);
    w->d[i] = fmax(w->a[i], w->b[i]);
  }
  for (int i = first_probe(w, least - widest); i < w->n_probes; i++) {
    probe* p = &w->probes[i];
    double share;
    if (p->at > most + widest) break;
    const double limit = (1 + ROUNDING) * (p->nearest < WIDE * p->way ? p->nearest : WIDE * p->way);
    if (p->at > most + limit || p->at < least - limit) continue;
    if (!may_be_within(w, limit, w->features + (size_t)i * (size_t)w->nz)) continue;
    if (!is_compared(w, &w->stretches[p->stretch], episode, frame) ||
        !is_compared(w, &w->stretches[p->stretch], episode, frame + 1))
      continue;
    const double found =
        motion_space_line_distance(&w->space, w->a, w->b, w->features + (size_t)i * (size_t)w->nz, &share);
    if (found > WIDE * p->way || found >= p->nearest) continue;
    p->nearest = found;
    p->episode = episode;
    p->shift = frame + share - p->frame;
  }
}

static void look_up(work* w) {
  const df_dataset* d = w->in->data;
  double widest = 0;
  for (int i = 0; i < w->n_probes; i++) widest = fmax(widest, WIDE * w->probes[i].way);
  for (int e = 0; e < d->episodes && w->n_probes; e++) {
    motion_space_describe(&w->space, e, 0, w->b);
    for (int t = 0; t < d->lengths[e]; t++) {
      double* former = w->a;
      w->a = w->b;
      w->b = former;
      motion_space_describe(&w->space, e, t + 1, w->b);
      note_line(w, e, t, widest);
    }
  }
}

/* ---- copies ---- */

/* the distance of z from the lines of an episode around a frame */
static double distance_around(const work* w, const stretch* s, int episode, int frame, const double* z) {
  double out = INFINITY, share;
  for (int t = frame - 1; t <= frame + 1; t++) {
    if (t < 0 || t >= w->in->data->lengths[episode]) continue;
    if (!is_compared(w, s, episode, t) || !is_compared(w, s, episode, t + 1)) continue;
    motion_space_describe(&w->space, episode, t, w->c);
    motion_space_describe(&w->space, episode, t + 1, w->d);
    out = fmin(out, motion_space_line_distance(&w->space, w->c, w->d, z, &share));
  }
  return out;
}

/* counts the frames of a stretch that follow the motion of an episode, shifted by a number of frames */
static copy follow(const work* w, int at, int episode, double shift) {
  const stretch* s = &w->stretches[at];
  copy out = {.stretch = at, .episode = episode, .first = -1};
  for (int t = s->from; t <= s->to; t++) {
    motion_space_describe(&w->space, s->episode, t, w->a);
    const double way = motion_space_way(&w->space, s->episode, t, w->a, w->b);
    if (way <= MOVES * w->space.mean_way) continue;
    const double off = distance_around(w, s, episode, (int)floor(t + shift + 1e-6), w->a);
    const bool equal = off <= EQUAL * way + w->space.rounding, near = off <= NEAR * way;
    out.moving++;
    out.exact += off <= EXACT * motion_space_size(&w->space, w->a);
    out.equal += equal;
    out.near += near;
    out.wide += off <= WIDE * way;
    if (!(equal || near) || out.first >= 0) continue;
    out.first = t;
    out.at = (int)lround(t + shift);
  }
  return out;
}

static bool is_equal(const copy* c) {
  return c->equal >= FRAMES_LEAST && c->equal >= SOME * c->moving;
}

static bool is_most(const copy* c, int frames) {
  return frames >= FRAMES_LEAST && frames >= MOST * c->moving;
}

static bool is_wrong(const work* w, const copy* c) {
  return w->in->windows && is_equal(c) && c->equal >= WRONG * c->moving;
}

/* sets best [n_stretches] to the episode of which most frames are equal, then near, then less so */
static void follow_all(const work* w, copy* best) {
  for (int i = 0; i < w->n_probes; i++) {
    const probe* p = &w->probes[i];
    copy* b = &best[p->stretch];
    if (!isfinite(p->nearest)) continue;
    const copy one = follow(w, p->stretch, p->episode, p->shift);
    const int more = one.equal != b->equal ? one.equal - b->equal
                     : one.near != b->near ? one.near - b->near
                                           : one.wide - b->wide;
    if (more > 0) *b = one;
  }
}

/* What is near or equal where other motions are dense is so by chance, if it is not exact. */
static void judge(const work* w, copy* best) {
  int equal = 0, near = 0, wide = 0;
  for (int s = 0; s < w->n_stretches; s++) {
    equal += is_equal(&best[s]);
    near += is_most(&best[s], best[s].near);
    wide += is_most(&best[s], best[s].wide);
  }
  for (int s = 0; s < w->n_stretches; s++) {
    if (near > DENSE * equal) best[s].equal = best[s].exact;
    if (wide > DENSE * near || DENSE * wide > w->n_stretches) best[s].near = 0;
  }
}

static df_status find_copies(work* w) {
  copy* best = df_alloc((size_t)w->n_stretches + 1, sizeof *best);
  if (!best) return DF_E_NOMEM;
  follow_all(w, best);
  judge(w, best);
  for (int s = 0; s < w->n_stretches; s++) {
    if (!is_equal(&best[s]) && !is_most(&best[s], best[s].near)) continue;
    w->copies = list_grow(w->copies, w->n_copies, sizeof *w->copies);
    w->copies[w->n_copies++] = best[s];
  }
  df_free(best);
  return DF_OK;
}

/* ---- the finding ---- */

/* "episode 7 (clip7.npz), held out for the test" */
static char* episode_name(const work* w, const stretch* s) {
  static const char* const of[] = {
      [DF_SIDE_TEST] = ", held out for the test,", [DF_SIDE_VALIDATION] = ", held out for validation,"};
  const int length = w->in->data->lengths[s->episode];
  const bool whole = s->from == 0 && s->to == length;
  char* name = check_one_episode(&w->in->source, w->in->data->episodes, s->episode);
  char* side = format_text("%s", s->side == DF_SIDE_TEST || s->side == DF_SIDE_VALIDATION ? of[s->side] : "");
  char* out = whole ? format_text("%s%s", name, side)
                    : format_text("%s, frames %d to %d%s", name, s->from, s->to, side[0] ? side : ",");
  df_free(name);
  df_free(side);
  return out;
}

/* "episode 7, held out for the test, repeats episode 2 from its frame 12 on: 100 % of its moving frames are equal" */
static void say_copy(const work* w, const copy* c, text* sentence) {
  const stretch* s = &w->stretches[c->stretch];
  char *held = episode_name(w, s), *from = check_one_episode(&w->in->source, w->in->data->episodes, c->episode);
  const bool near = !is_equal(c);
  text_add(sentence, "%s%s repeats %s%s: frame %d is its frame %d, and %.0f %% of the frames that move are %s",
           sentence->n ? "; " : "", held, from, w->in->windows ? " of the training" : "", c->first, c->at,
           100.0 * (near ? c->near : c->equal) / c->moving,
           near ? "within a twentieth of the way to the next frame" : "equal");
  df_free(held);
  df_free(from);
}

static void report(const work* w, data_findings* out) {
  static const char unknown[] =
      "if one of two is held out, the test measures what the training has seen: leave one of them out (data.select)";
  static const char known[] =
      "the test measures what the training has seen: leave one of the two out (data.select), or hold out others "
      "(split.test_every)";
  text sentence = {0};
  bool wrong = false;
  data_finding* one = data_findings_add(out, DATA_CHECK_HELD_OUT, NULL, w->n_copies, 0, "copies");
  if (!w->n_copies) return;
  for (int i = 0; i < w->n_copies; i++) {
    wrong |= is_wrong(w, &w->copies[i]);
    if (i < NAMED) say_copy(w, &w->copies[i], &sentence);
  }
  if (w->n_copies > NAMED) text_add(&sentence, "; and %d more", w->n_copies - NAMED);
  data_finding_judge(one, wrong ? CHECK_WRONG : CHECK_WARN, "%s: %s", text_of(&sentence),
                     w->in->windows ? known : unknown);
  text_clear(&sentence);
}

/* ---- all ---- */

static df_status make(work* w) {
  DF_TRY(motion_space_of(w->in->data, w->in->system, w->in->config, &w->space));
  w->nz = w->space.nz;
  double** const arrays[] = {&w->direction, &w->a, &w->b, &w->c, &w->d};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
    *arrays[i] = df_alloc((size_t)w->nz + 1, sizeof **arrays[i]);
    if (!*arrays[i]) return DF_E_NOMEM;
  }
  double square = 0;
  for (int i = 0; i < w->nz; i++) w->direction[i] = cos(0.4 + 1.3 * i);
  for (int i = 0; i < w->nz; i++) square += w->direction[i] * w->direction[i];
  for (int i = 0; i < w->nz; i++) w->direction[i] /= sqrt(square);
  return DF_OK;
}

static void clear(work* w) {
  motion_space_clear(&w->space);
  double* const arrays[] = {w->direction, w->a, w->b, w->c, w->d, w->features};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) df_free(arrays[i]);
  df_free(w->stretches);
  df_free(w->probes);
  df_free(w->copies);
}

df_status check_held_out(const held_out_input* in, data_findings* out) {
  work w = {.in = in};
  df_status status = make(&w);
  if (status == DF_OK) {
    if (w.space.varying >= 2) find_stretches(&w);
    status = find_probes(&w);
  }
  if (status == DF_OK) {
    look_up(&w);
    status = find_copies(&w);
  }
  if (status == DF_OK) report(&w, out);
  clear(&w);
  return status;
}
