/* foot_twins.h: the feet of a robot as a set. A foot that touches the floor more rarely than the others, as the one
 * that a dog puts down last in a few clips, is a foot all the same. */
#ifndef BENCH_IMPORT_FOOT_TWINS_H
#define BENCH_IMPORT_FOOT_TWINS_H

#include <stdbool.h>

#include "dynaflow/data/dataset.h"
#include "model_study.h"

/* of a geom */
typedef struct foot {
  bool is_foot;   /* found or added */
  bool is_added;  /* as the twin of one that was found */
  bool left_out;  /* a twin that neither touches what cannot move nor comes as low as the others do when they touch */
  double touches; /* of twins: share of the examined frames in which it touches what cannot move */
  long frames;    /* of twins: that were examined */
} foot;

/* feet [geoms]: those with is_foot were found in a sample of the frames. Adds their twins that touch what cannot move
 * in any frame, of all up to 50000, or come as low above the ground as they do while they touch, up to a tenth of
 * the height by which they lift. Twins: twin_geoms(). Geoms of objects are none. Errors: DF_E_NOMEM, those of
 * df_sim_new(). */
DF_MUST_CHECK df_status foot_twins_add(const model_study* m, const df_dataset* data, foot* feet);

#endif
