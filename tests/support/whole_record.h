/* whole_record.h: records with every field of results/schema.json, with key and seal as the program gives them. */
#ifndef TESTS_SUPPORT_WHOLE_RECORD_H
#define TESTS_SUPPORT_WHOLE_RECORD_H

#include "key.h"
#include "records.h"

#define WHOLE_SUM "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char whole_text[] =
    "{\"schema\":1,\"type\":\"cell\",\"key\":\"\",\"status\":\"done\",\"reason\":\"\",\"task\":\"t\",\"method\":\"a\","
    "\"seed\":1,\"profile\":\"p\",\"config\":{\"task.version\":\"1\",\"eval.windows\":\"2\",\"train.steps\":\"9\"},"
    "\"provenance\":{\"dynaflow\":\"0.1.0\",\"commit\":\"c\",\"dirty\":false,\"compiler\":\"gcc\",\"flags\":\"-O2\","
    "\"mujoco\":\"3.17.0\",\"blas\":{\"kernel\":\"Haswell\"},\"libraries\":{},\"cpu\":\"x\",\"cores\":2,\"threads\":1,"
    "\"time\":\"2026-01-01T00:00:00Z\"},"
    "\"started\":\"2026-01-01T00:00:00Z\",\"wall_s\":1.5,\"cpu_s\":2.5,\"train_cpu_s\":0.5,\"model_sha256\":"
    "\"" WHOLE_SUM "\",\"compiled_sha256\":\"" WHOLE_SUM
    "\",\"model_files\":[{\"path\":\"m.xml\",\"sha256\":\"" WHOLE_SUM "\"}],\"data_sha256\":\"" WHOLE_SUM
    "\",\"plugin_sha256\":\"\",\"windows_sha256\":\"" WHOLE_SUM
    "\",\"numbers\":2,\"notes\":[\"flow: the loss rises\"],\"limits\":{\"seconds\":null,\"memory_mib\":100},"
    "\"training\":{\"curves\":[{\"name\":\"flow\",\"step\":[1,2],\"loss\":[1.5,null],\"adjoints\":{\"steps\":1,"
    "\"approximate\":0,\"differenced\":0},\"validation\":{\"step\":[1,2],\"loss\":[1.75,null],\"windows\":4,\"kept\":1}"
    "}],"
    "\"steps\":9,\"parameters\":100,\"checkpoint\":\"\",\"checkpoint_sha256\":"
    "\"\",\"files\":[{\"path\":\"checkpoints/a\",\"sha256\":\"" WHOLE_SUM
    "\"}]},"
    "\"rows\":[{\"metric\":\"tre_open_loop\",\"k\":1,\"value\":0.5,\"unit\":\"std\",\"n\":2,\"lo\":0.25,\"hi\":0.75,"
    "\"status\":\"ok\"}],"
    "\"samples\":[{\"metric\":\"tre_open_loop\",\"k\":1,\"values\":[0.25,0.75]}],"
    "\"windows\":{\"episode\":[0,1],\"start\":[3,4],\"group\":[0,0],\"groups\":[\"trot\"]},"
    "\"replays\":[{\"k\":1,\"window\":0,\"x0\":[0.5],\"u\":[1,null],\"x\":[0.5,1]}],"
    "\"examples\":[{\"title\":\"x\",\"unit\":\"m\",\"dt\":0.02,\"demonstrated\":[1,2],\"generated\":[1,null]}],"
    "\"strip\":{\"title\":\"s\",\"dt\":0.1,\"parent\":[-1,0],\"frames\":[{\"t\":0.5,\"x\":[0,1],\"z\":[0,1]}],"
    "\"ground\":0},"
    "\"motions\":[{\"title\":\"trot\",\"chain\":3,\"dt\":0.02,\"contacts\":{\"feet\":[\"FR\"],\"generated\":[\"10\"],"
    "\"demonstrated\":[\"1\"],\"demanded\":[\"01\"]},\"joint\":{\"name\":\"hip\",\"unit\":\"rad\",\"generated\":{"
    "\"position\":[1,2],"
    "\"velocity\":[3,null]},\"demonstrated\":{\"position\":[1,2],\"velocity\":[3,4]}}}],"
    "\"diagnostics\":{\"gates\":[{\"name\":\"g\",\"unit\":\"std\",\"value\":0.5,\"reference\":null,\"passed\":true,"
    "\"sentence\":\"\"}],\"curves\":[{\"name\":\"c\",\"unit\":\"std\",\"flow_time\":[0,0.5],\"value\":[1,null],"
    "\"reference\":1,\"reference_name\":\"r\"}]}}";

/* gives a record the key and the seal of what it holds */
static inline void seal(json_t* record) {
  char key[DF_SHA256_TEXT];
  assert_int_equal(record_key(record, key), DF_OK);
  set_text(record, "key", key);
  assert_int_equal(record_seal(record), DF_OK);
}

/* gives the number of a record, tre_open_loop at K = 1, another value, with interval and two samples that fit it */
static inline void set_value(json_t* record, double value) {
  json_t* one = json_array_get(json_object_get(record, "rows"), 0);
  json_t* values = json_object_get(json_array_get(json_object_get(record, "samples"), 0), "values");
  static const char* const names[] = {"value", "lo", "hi"};
  for (int i = 0; i < 3; i++) json_object_set_new(one, names[i], number_or_null(value));
  for (size_t i = 0; i < 2; i++) json_array_set_new(values, i, number_or_null(i ? 1.5 * value : 0.5 * value));
}

/* adds a done cell with one number, tre_open_loop at K = 1; owned by `records` */
static inline json_t* add_whole(const char* method, int seed, double value) {
  json_error_t error;
  json_t* record = json_loads(whole_text, 0, &error);
  if (!record) fail_msg("column %d: %s", error.column, error.text);
  set_text(record, "method", method);
  json_object_set_new(record, "seed", json_integer(seed));
  set_value(record, value);
  seal(record);
  json_array_append_new(records, record);
  return record;
}

#endif
