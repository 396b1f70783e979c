/* yaml_depth.h: a limit on the nesting of YAML text. */
#ifndef DYNAFLOW_CONFIG_YAML_DEPTH_H
#define DYNAFLOW_CONFIG_YAML_DEPTH_H

#include <stddef.h>

#include "dynaflow/core/status.h"

DF_BEGIN_DECLS

enum { DF_YAML_DEPTH_MAX = 64 };

/* Refuses YAML text of n bytes whose sequences and mappings are nested more than DF_YAML_DEPTH_MAX deep: reading such
 * text into a document takes time that grows with the square of the depth. `path` names it in errors. A
 * byte that YAML text may not have, a control character or one that is not UTF-8, is an error as well. Other text that
 * is not YAML is accepted; reading it reports the fault. Errors: DF_E_FORMAT (names path and line, and the byte),
 * DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_yaml_check_depth(const char* path, const char* text, size_t n);

DF_END_DECLS

#endif
