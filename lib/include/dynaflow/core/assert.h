/* assert.h: invariants of the library's own data, checked in debug and sanitizer builds.
 *
 * DF_ASSERT states what the code itself guarantees; arguments of callers and contents of files are checked with
 * DF_REQUIRE and df_fail() in every build. With DF_DEBUG defined (make DEBUG=1, asan, ubsan, tsan) a condition that
 * does not hold is named on standard error and the program aborts. Otherwise the condition is compiled and never
 * evaluated.
 */
#ifndef DYNAFLOW_CORE_ASSERT_H
#define DYNAFLOW_CORE_ASSERT_H

#include "dynaflow/core/status.h"

DF_BEGIN_DECLS

#ifdef DF_DEBUG
DF_API DF_NORETURN void df_assert_failed(const char* condition, const char* file, int line);
#define DF_ASSERT(condition) ((condition) ? (void)0 : df_assert_failed(#condition, __FILE__, __LINE__))
#else
#define DF_ASSERT(condition) ((void)(0 && (condition)))
#endif

DF_END_DECLS

#endif
