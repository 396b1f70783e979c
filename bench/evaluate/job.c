#include "job.h"

df_status eval_go_on(const eval_job* job) {
  return job->stop && *job->stop ? df_fail(DF_E_INTERRUPTED, "evaluation: interrupted") : DF_OK;
}

void evaluation_clear(evaluation* e) {
  json_decref(e->rows);
  json_decref(e->samples);
  json_decref(e->windows);
  json_decref(e->replays);
  json_decref(e->examples);
  json_decref(e->strip);
  json_decref(e->motions);
  *e = (evaluation){0};
}
