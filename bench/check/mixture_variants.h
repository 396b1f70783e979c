/* mixture_variants.h: the conventions by which episodes may differ from the others of a recording, and how each episode
 * fits, read by each of them. */
#ifndef BENCH_CHECK_MIXTURE_VARIANTS_H
#define BENCH_CHECK_MIXTURE_VARIANTS_H

#include "misfit.h"
#include "reading.h"
#include "remedy.h"

/* share of the samples beyond joint limits of an episode whose joints may be exchanged */
static const double MIXTURE_BEYOND = 0.1;

/* how an episode fits as it is read by one convention */
typedef struct mixture_view {
  size_t frames; /* pairs of frames */
  misfit fit;
  double half[2];  /* misfit_of_contact() of its halves */
  double residual; /* of forces; NAN: unknown */
  double angle;    /* largest magnitude of the angle of a limited hinge, rad */
} mixture_view;

/* a convention that is tried, and how the episodes fit by it */
typedef struct mixture_variant {
  const char* key;           /* "data.quaternion"; static */
  char* now;                 /* the value that the others have; owned */
  remedy fits;               /* owned */
  bool legs, angles, limits; /* of legs; of angles; joints exchanged, which limits tell */
  mixture_view* view;        /* [episodes]; owned; NULL: not read */
} mixture_variant;

typedef struct mixture_variants {
  int episodes;
  bool* judged;          /* [episodes] whether the episode is long enough; owned */
  mixture_view* as_read; /* [episodes] owned */
  double least_angle;    /* least of as_read[].angle, read in radians, over the episodes that are judged */
  mixture_variant* list; /* [n] owned */
  int n;
} mixture_variants;

/* Reads the recording in `path`, whose reading is `r`, once by each other convention that concerns the model, and, if
 * cfg->orders, with legs and joints exchanged. A convention by which it cannot be read has no views. Errors: those of
 * reading_find(); the caller clears `out` then too. */
DF_MUST_CHECK df_status mixture_variants_of(const char* path, const reading* r, const df_system* system,
                                            const check_cfg* cfg, mixture_variants* out);

void mixture_variants_clear(mixture_variants* v);

#endif
