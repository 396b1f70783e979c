/* Any bytes as the records of a run (events.jsonl): refused, or read, each with its line and a check of its schema. */
#include "fuzz_input.h"
#include "key.h"
#include "schema.h"
#include "store.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz_file_in_folder("events.jsonl", data, size);
  store* s;
  if (store_read(fuzz_folder(), &s) != DF_OK) return 0;
  const json_t* records = store_records(s);
  size_t i;
  json_t* record;
  json_array_foreach(records, i, record) {
    char where[128], sum[DF_SHA256_TEXT];
    store_where(s, i, where, sizeof where);
    (void)!schema_check(record);
    (void)!record_sum(record, sum);
    const char* key = json_string_value(json_object_get(record, "key"));
    if (key) (void)store_find(s, key);
  }
  store_close(s);
  return 0;
}
