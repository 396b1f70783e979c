/* reference_method.h: the methods between which all others are read. They are shown, but do not compete. */
#ifndef BENCH_ANALYSIS_REFERENCE_METHOD_H
#define BENCH_ANALYSIS_REFERENCE_METHOD_H

#include <stdbool.h>

/* Whether the method is a ceiling, which sees the demonstration: replay_demo, demo_states, trajopt. */
bool method_is_ceiling(const char* method);

/* Whether the method is a ceiling or the floor, random_action. None of them is trained. */
bool method_is_reference(const char* method);

#endif
