#include "reference_method.h"

#include <string.h>

bool method_is_ceiling(const char* method) {
  return strcmp(method, "replay_demo") == 0 || strcmp(method, "demo_states") == 0 || strcmp(method, "trajopt") == 0;
}

bool method_is_reference(const char* method) {
  return method_is_ceiling(method) || strcmp(method, "random_action") == 0;
}
