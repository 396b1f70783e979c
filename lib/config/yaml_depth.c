#include "dynaflow/config/yaml_depth.h"

#include <stdbool.h>
#include <yaml.h>

df_status df_yaml_check_depth(const char* path, const char* text, size_t n) {
  yaml_parser_t parser;
  if (!yaml_parser_initialize(&parser)) return df_fail(DF_E_NOMEM, "%s: not enough memory to parse the file", path);
  yaml_parser_set_input_string(&parser, (const unsigned char*)text, n);
  df_status status = DF_OK;
  int depth = 0;
  for (bool end = false; !end && status == DF_OK;) {
    yaml_event_t event;
    if (!yaml_parser_parse(&parser, &event)) break;
    const yaml_event_type_t type = event.type;
    depth += type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT;
    depth -= type == YAML_SEQUENCE_END_EVENT || type == YAML_MAPPING_END_EVENT;
    end = type == YAML_STREAM_END_EVENT;
    if (depth > DF_YAML_DEPTH_MAX) {
      status = df_fail(DF_E_FORMAT, "%s:%zu: sequences and mappings are nested more than %d deep", path,
                       event.start_mark.line + 1, DF_YAML_DEPTH_MAX);
    }
    yaml_event_delete(&event);
  }
  yaml_parser_delete(&parser);
  return status;
}
