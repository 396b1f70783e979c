/* status.h: status codes and error messages.
 *
 * A call that can fail returns a df_status. On failure df_error_message() returns a per-thread message that names the
 * offending file, key and value. The library never prints, exits or aborts; only a failed assertion of a debug build
 * does (assert.h). */
#ifndef DYNAFLOW_CORE_STATUS_H
#define DYNAFLOW_CORE_STATUS_H

#if defined(__GNUC__)
#define DF_API               __attribute__((visibility("default")))
#define DF_MUST_CHECK        __attribute__((warn_unused_result))
#define DF_NORETURN          __attribute__((noreturn))
#define DF_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define DF_API
#define DF_MUST_CHECK
#define DF_NORETURN
#define DF_PRINTF(fmt, args)
#endif

/* C linkage for C++ programs; every public header puts its declarations between these two */
#ifdef __cplusplus
#define DF_BEGIN_DECLS extern "C" {
#define DF_END_DECLS   }
#else
#define DF_BEGIN_DECLS
#define DF_END_DECLS
#endif

DF_BEGIN_DECLS

/* X(code, text): the table behind df_status and df_status_text() */
#define DF_STATUS_LIST(X)                                       \
  X(DF_OK, "done")                                              \
  X(DF_E_ARG, "invalid argument")                               \
  X(DF_E_CONFIG, "invalid configuration")                       \
  X(DF_E_NOMEM, "out of memory")                                \
  X(DF_E_IO, "file cannot be read or written")                  \
  X(DF_E_MISSING, "file not found")                             \
  X(DF_E_FORMAT, "malformed file")                              \
  X(DF_E_MISMATCH, "artifact of another task, model or shape")  \
  X(DF_E_NONFINITE, "non-finite number")                        \
  X(DF_E_UNSUPPORTED, "model feature without an exact adjoint") \
  X(DF_E_SIM, "simulator error")                                \
  X(DF_E_BLAS, "linear algebra library unusable")               \
  X(DF_E_INTERRUPTED, "interrupted")

typedef enum df_status {
#define DF_STATUS_ENUM(code, text) code,
  DF_STATUS_LIST(DF_STATUS_ENUM)
#undef DF_STATUS_ENUM
      DF_STATUS_COUNT
} df_status;

/* Returns the one-line text of a code, "unknown status" for a number that is not a code. Never NULL. */
DF_API const char* df_status_text(df_status status);

/* Returns the message of this thread's last failure, "" if there was none. Valid until the thread's next failure. */
DF_API const char* df_error_message(void);

/* Formats the message for df_error_message(), cut at 1023 bytes, and returns `status`, so that a function can end with
 * `return df_fail(...)`. The arguments may point into the current message. */
DF_API df_status df_fail(df_status status, const char* format, ...) DF_PRINTF(2, 3);

/* returns from the enclosing function if the call fails, with the status and message of the call */
#define DF_TRY(call)                                    \
  do {                                                  \
    df_status df_try_status_ = (call);                  \
    if (df_try_status_ != DF_OK) return df_try_status_; \
  } while (0)

/* returns DF_E_ARG from the enclosing function if a condition on its arguments does not hold; the message (printf
 * format and arguments) follows the condition */
#define DF_REQUIRE(condition, ...)                           \
  do {                                                       \
    if (!(condition)) return df_fail(DF_E_ARG, __VA_ARGS__); \
  } while (0)

/* returns DF_E_ARG from the enclosing function if its argument is NULL: "df_net_new: cfg is NULL" */
#define DF_REQUIRE_POINTER(argument) DF_REQUIRE(argument, "%s: %s is NULL", __func__, #argument)

/* The same for an output pointer, which then is NULL until the function succeeds. Functions that make an object check
 * `out` first, so that *out is NULL after every other failure. */
#define DF_REQUIRE_OUT(out)  \
  do {                       \
    DF_REQUIRE_POINTER(out); \
    *(out) = NULL;           \
  } while (0)

DF_END_DECLS

#endif
