/* find_base.h: which axis of the base of a model points up, for recordings whose base has its y axis up. */
#ifndef BENCH_IMPORT_FIND_BASE_H
#define BENCH_IMPORT_FIND_BASE_H

#include "import_work.h"

/* With w->base_open, puts data.base_rotation, unless the user gave it: the frame of the recorded base has its y axis
 * up, as all frames of DeepMimic; that of the model either has, too, or has its z axis up. Of these two readings the
 * one in which the model reaches further below its base: the median over the frames of the height of the base above the
 * lowest origin of a body. Without a difference of a twentieth the model's z axis is up. Opens the recording again.
 * Errors: those of work_open_recording() and work_convert(); DF_E_NOMEM. */
DF_MUST_CHECK df_status work_find_base(work* w);

#endif
