#include "dynaflow/config/yaml_depth.h"

#include <stdbool.h>
#include <yaml.h>

/* The error for a byte that no YAML text may have. libyaml gives its place in the text, and no line. */
static df_status fail_byte(const char* path, const yaml_parser_t* parser, const char* text, size_t n) {
  const size_t at = parser->problem_offset < n ? parser->problem_offset : n - 1;
  size_t line = 1, begin = 0;
  for (size_t i = 0; i < at; i++) {
    if (text[i] != '\n' && (text[i] != '\r' || text[i + 1] == '\n')) continue;
    line++;
    begin = i + 1;
  }
  return df_fail(DF_E_FORMAT, "%s:%zu: byte %zu of the line is 0x%02x: %s; the file must be text in UTF-8", path, line,
                 at - begin + 1, (unsigned)(unsigned char)text[at], parser->problem ? parser->problem : "not UTF-8");
}

df_status df_yaml_check_depth(const char* path, const char* text, size_t n) {
  yaml_parser_t parser;
  if (!yaml_parser_initialize(&parser)) return df_fail(DF_E_NOMEM, "%s: not enough memory to parse the file", path);
  yaml_parser_set_input_string(&parser, (const unsigned char*)text, n);
  df_status status = DF_OK;
  int depth = 0;
  for (bool end = false; !end && status == DF_OK;) {
    yaml_event_t event;
    if (!yaml_parser_parse(&parser, &event)) {
      if (parser.error == YAML_READER_ERROR && n > 0) status = fail_byte(path, &parser, text, n);
      break;
    }
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
