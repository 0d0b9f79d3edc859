/* Visibility and C++ linkage, for every public header; and the rules for every public function.
 *
 * Wrong arguments. No function stops the program, whatever its arguments: none asserts, exits or
 * aborts. If an argument is invalid (NULL where the header does not allow it, an index or a kind
 * out of range, tensors whose shapes do not agree or that exceed their buffers, a picture without
 * pixels) the function does nothing, writes one error line that begins with its name, and returns
 * its failure: false, NULL, 0, "", a tensor without a buffer, LIM_USAGE; a name of a kind that does
 * not exist is "unknown". An operation (limner/ops.h), lim_write, lim_read, lim_net_forward and
 * lim_net_backward also make the backend fail: later operations that depend on their result do
 * nothing, and lim_backend_finish reports the failure. The caller is responsible for what cannot be
 * checked: memory shorter than the header says, and destroyed objects. Invalid values from users
 * (sizes, rates, files, words) are rejected with a sentence for users, as each header says.
 * Destroying, freeing or finishing NULL is allowed and does nothing.
 *
 * Growth. As long as the soversion is the same, no struct changes the place or the meaning of a
 * field, and a program compiled with an older header keeps working. Three kinds of structs grow:
 * - A configuration that begins with `struct_size` gets fields at its end. lim_X_defaults() fills
 *   it, with the size that the caller's header knows; 0 stands for the size in limner 0.2.0.
 * - One with `reserved` fields keeps its size, and new fields take their place. They must be zero,
 *   which lim_X_defaults() and initializers make them, and mean by zero what was before.
 * - What the library allocates, or hands to a callback by pointer, gets fields at its end.
 * All others stay as they are. Enumerations may get values before their count (LIM_..._KINDS).
 *
 * Thread-safety: the line that begins so in each header holds for all its functions, unless one
 * says otherwise. */
#ifndef LIMNER_API_H
#define LIMNER_API_H

#ifdef __cplusplus
#define LIM_BEGIN extern "C" {
#define LIM_END }
#else
#define LIM_BEGIN
#define LIM_END
#endif

#if defined(LIM_BUILDING) && defined(__GNUC__)
#define LIM_API __attribute__((visibility("default")))
#else
#define LIM_API
#endif

#if defined(__GNUC__)
#define LIM_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define LIM_PRINTF(text, first)
#endif

#endif
