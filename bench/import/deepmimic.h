/* deepmimic.h: motion clips of DeepMimic: "Frames" of a duration, the root with its y axis up, and an orientation or an
 * angle per joint. */
#ifndef BENCH_IMPORT_DEEPMIMIC_H
#define BENCH_IMPORT_DEEPMIMIC_H

#include "recognition.h"

/* Whether the frames have the 44 columns of DeepMimic's humanoid and the model, with a free base, has bodies with its
 * names; or as many columns as a duration and the model's qpos, and the model has ball joints. */
bool deepmimic_fits(const recognition* r);

/* Puts data.columns, data.up and data.quaternion, and opens data.base_rotation (r->base_open). Of the humanoid the
 * columns are named one by one, so that the model may have its joints in another order, hinges in place of ball joints,
 * and fewer body parts, which r->notes name. */
DF_MUST_CHECK df_status deepmimic_settle(recognition* r);

#endif
